package fleet

import "strings"

// Roles returns a shell script that gives the roles corskit-replica and corskit-operator
// with etcdctl the permissions that a fleet needs. Replicas read the head and blobs, and
// write statuses; they cannot change a policy. The error is an [*OptionError] if the
// prefix is not valid.
func Roles(prefix string) (string, error) {
	l, fault := newLayout(prefix)
	if fault != nil {
		return "", fault
	}
	names := strings.NewReplacer("{head}", l.head(), "{blobs}", l.blobs(), "{statuses}", l.statuses(), "{prefix}", string(l))
	return names.Replace(rolesScript), nil
}

// rolesScript needs no quotes, because a prefix has only characters without a special
// meaning in shells.
const rolesScript = `# Permissions of a fleet below {prefix}. Add users with etcdctl user add and
# etcdctl user grant-role, and turn authentication on with etcdctl auth enable.
set -e

# Services: read the head and blobs, write statuses, nothing else.
etcdctl role add corskit-replica
etcdctl role grant-permission corskit-replica read {head}
etcdctl role grant-permission corskit-replica --prefix=true read {blobs}
etcdctl role grant-permission corskit-replica --prefix=true write {statuses}

# Operators: everything below the prefix.
etcdctl role add corskit-operator
etcdctl role grant-permission corskit-operator --prefix=true readwrite {prefix}
`
