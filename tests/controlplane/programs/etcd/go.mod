module vacancy.test/controlplane/etcd

go 1.26.0
