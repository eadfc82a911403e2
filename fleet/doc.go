// Package fleet keeps the policy of many replicas in etcd: one push changes all of them,
// and each reports the policy that it has in force.
//
// A service joins the fleet, and passes the replica's engine to any adapter:
//
//	client, err := clientv3.New(fleet.ClientConfig("https://etcd.example:2379"))
//	if err != nil {
//		log.Fatal(err)
//	}
//	replica, err := fleet.Join(ctx, client, fleet.Options{
//		CacheDir: "/var/cache/orders",
//		Keys:     []ed25519.PublicKey{key},
//		Logger:   slog.Default(),
//	})
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer replica.Close(context.Background())
//	router.Use(corsgin.Middleware(replica.Engine()))
//
// An operator, or the command "corskit fleet", pushes through a [Store].
//
// # What etcd holds
//
// All keys are below Options.Prefix. Each prefix is one fleet with one policy:
//
//	head                  the signed [Head]: which bundle is in force, and for which replicas
//	history/<revision>    the newest heads; a revision has 20 digits
//	blobs/<sha256>        parts of bundles, named by the SHA-256 of what is stored
//	status/<instance>     the report of a replica, a [Status] as JSON, under a lease
//	pushing/<id>          a push in progress, under a lease: while it exists, no blobs are removed
//
// A bundle is the configuration file, the files of its profiles and its origins files.
// Its manifest, itself a blob, lists them. Replicas fetch only blobs that they do not
// have.
//
// # What is verified
//
// With Options.Keys, a head needs an Ed25519 signature of one of these keys. The head
// names the SHA-256 of the manifest, and the manifest those of the files and their
// parts, so the signature covers everything. The head also names its prefix, which
// ties it to its fleet, and its revision. Revisions only grow, and a replica refuses a
// lower one than it has seen: someone who takes over etcd can withhold changes, but
// cannot bring back an old policy.
//
// # Faults
//
// A replica that cannot take a new policy keeps the one that it has. It reports the
// fault, an [*Error], in its status and its log, and tries again. Package reason lists
// the reasons.
package fleet
