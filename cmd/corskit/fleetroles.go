package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/fleet"
)

func newFleetRoles() *cobra.Command {
	var c connection
	cmd := &cobra.Command{
		Use:   "roles",
		Short: "Print the permissions that a fleet needs, as a script",
		Long: `roles prints a shell script that makes two roles with etcdctl. The role for replicas
may read the head and its files and write a status; the role for operators may do the
rest.`,
		Example: `  corskit fleet roles
  corskit fleet roles --prefix /corskit/shop/ | sh`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.environment(cmd, os.Environ()); err != nil {
				return err
			}
			script, err := fleet.Roles(c.prefix)
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write([]byte(script))
			return err
		},
	}
	cmd.Flags().StringVar(&c.prefix, "prefix", fleet.DefaultPrefix, "the prefix of the fleet's keys in etcd")
	return cmd
}
