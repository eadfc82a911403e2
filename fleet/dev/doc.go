// Package dev runs an etcd inside the process: for a laptop, for examples, and for the
// tests of a service that joins a fleet.
//
//	etcd, err := dev.Start(ctx, dev.Options{Dir: "fleet.etcd"})
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer etcd.Close()
//	client, err := clientv3.New(clientv3.Config{Endpoints: []string{etcd.Endpoint()}})
//
// It is a real etcd server with a single member, which keeps its data in a directory. It
// has no TLS and no users, so it is not for production.
package dev
