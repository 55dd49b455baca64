/**
 * What containerd keeps in its bbolt files, drawn from its own code: metadata/buckets.go and boltutil/helpers.go of v1.6 and
 * v1.7, core/metadata of v2.0 to v2.4, snapshots/storage/bolt.go. A name with a slash is a bucket, `<…>` stands for any name.
 *
 *     meta.db                                                    of the metadata plugin
 *     ├── v1/                                                    the only schema there has been
 *     │   ├── version                                  varint    3 for 1.6 and 1.7, 4 since 2.0; stays 4 after a downgrade
 *     │   └── <namespace>/
 *     │       ├── labels/<name>                        text
 *     │       ├── images/<name>/
 *     │       │   ├── createdat, updatedat             time
 *     │       │   ├── labels/<name>                    text
 *     │       │   ├── annotations/<name>               text      of the target's descriptor
 *     │       │   └── target/
 *     │       │       ├── digest, mediatype            text
 *     │       │       └── size                         varint
 *     │       ├── containers/<id>/
 *     │       │   ├── createdat, updatedat             time
 *     │       │   ├── image, snapshotter, snapshotKey  text      empty where there is none
 *     │       │   ├── sandboxid                        text      since 1.7
 *     │       │   ├── spec                             Any
 *     │       │   ├── runtime/                         name text, options Any
 *     │       │   ├── extensions/<name>                Any
 *     │       │   └── labels/<name>                    text
 *     │       ├── snapshots/<snapshotter>/                       sequence: of the backend's names
 *     │       │   └── <key>/
 *     │       │       ├── name                         text      in the backend: NAMESPACE/NUMBER/KEY
 *     │       │       ├── parent                       text      a key of this namespace; not there where there is none
 *     │       │       ├── children/<key>               nothing
 *     │       │       ├── createdat, updatedat         time
 *     │       │       └── labels/<name>                text
 *     │       ├── content/
 *     │       │   ├── blob/<digest>/
 *     │       │   │   ├── createdat, updatedat         time
 *     │       │   │   ├── size                         varint
 *     │       │   │   └── labels/<name>                text
 *     │       │   └── ingests/<ref>/
 *     │       │       ├── ref                          text      in the backend: NAMESPACE/NUMBER/REF
 *     │       │       ├── expireat                     time      not there for one that a lease holds
 *     │       │       └── expected                     text      digest, of content that another namespace has already
 *     │       ├── leases/<id>/
 *     │       │   ├── createdat                        time
 *     │       │   ├── labels/<name>                    text
 *     │       │   ├── content/<digest>                 nothing
 *     │       │   ├── images/<name>                    nothing   since 2.0
 *     │       │   ├── ingests/<ref>                    nothing
 *     │       │   └── snapshots/<snapshotter>/<key>    nothing
 *     │       └── sandboxes/<id>/                                since 2.0
 *     │           ├── createdat, updatedat             time
 *     │           ├── sandboxer                        text
 *     │           ├── spec                             Any
 *     │           ├── runtime/                         name text, options Any
 *     │           ├── extensions/<name>                Any
 *     │           └── labels/<name>                    text
 *     └── <namespace>/sandboxes/<id>/                            1.7 keeps them here, without sandboxer
 *
 *     metadata.db                                                of each snapshotter that is a part of containerd
 *     └── v1/
 *         ├── snapshots/<name>/                                  sequence: the last id
 *         │   ├── id                                   uvarint   also the folder's name, where there is one
 *         │   ├── kind                                 a byte    1 view, 2 active, 3 committed
 *         │   ├── parent                               text      a name; not there where there is none
 *         │   ├── createdat, updatedat                 time
 *         │   ├── inodes, size                         varint    once it is committed
 *         │   └── labels/<name>                        text      those that containerd.io/snapshot… names
 *         └── parents/<id 0 id>                        text      parent's and child's ids as uvarint: the child's name
 */

const key = (name: string): Buffer => Buffer.from(name);

/** The names of buckets and values that are fixed. */
export const KEY = {
  v1: key('v1'),
  version: key('version'),
  labels: key('labels'),
  images: key('images'),
  containers: key('containers'),
  snapshots: key('snapshots'),
  content: key('content'),
  blob: key('blob'),
  ingests: key('ingests'),
  leases: key('leases'),
  sandboxes: key('sandboxes'),
  createdAt: key('createdat'),
  updatedAt: key('updatedat'),
  annotations: key('annotations'),
  target: key('target'),
  digest: key('digest'),
  mediaType: key('mediatype'),
  size: key('size'),
  image: key('image'),
  snapshotter: key('snapshotter'),
  snapshotKey: key('snapshotKey'),
  sandboxId: key('sandboxid'),
  spec: key('spec'),
  runtime: key('runtime'),
  options: key('options'),
  extensions: key('extensions'),
  name: key('name'),
  parent: key('parent'),
  children: key('children'),
  ref: key('ref'),
  expireAt: key('expireat'),
  expected: key('expected'),
  sandboxer: key('sandboxer'),
  id: key('id'),
  kind: key('kind'),
  inodes: key('inodes'),
} as const;
