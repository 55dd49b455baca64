package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand"
	"os"
	"time"

	bolt "go.etcd.io/bbolt"
)

// kinds of files; the numbers they get are how large they shall be. The same arguments give the same content.
var kinds = map[string]func(db *bolt.DB, n int, random *rand.Rand) error{
	"empty":    func(*bolt.DB, int, *rand.Rand) error { return nil },
	"deep":     deep,
	"overflow": overflow,
	"inline":   inline,
	"nested":   nested,
	"churned":  churned,
	"mixed":    mixed,
	"images":   images,
	"large":    large,
}

func generate(kind, path string, n, pageSize int) error {
	fill, found := kinds[kind]
	if !found {
		return fmt.Errorf("there is no kind of file %q", kind)
	}
	if err := os.RemoveAll(path); err != nil {
		return err
	}
	// As containerd since 1.7 opens its own; the snapshotters keep a freelist, and so does every other kind.
	options := &bolt.Options{PageSize: pageSize, NoFreelistSync: kind == "images" || kind == "mixed"}
	db, err := bolt.Open(path, 0o600, options)
	if err != nil {
		return err
	}
	db.NoSync = true
	if err := fill(db, n, rand.New(rand.NewSource(int64(n)+1))); err != nil {
		return err
	}
	return db.Close()
}

func bucketOf(tx *bolt.Tx, names ...string) (*bolt.Bucket, error) {
	bucket, err := tx.CreateBucketIfNotExists([]byte(names[0]))
	for _, name := range names[1:] {
		if err != nil {
			return nil, err
		}
		bucket, err = bucket.CreateBucketIfNotExists([]byte(name))
	}
	return bucket, err
}

// deep has long keys in pages that are kept a tenth full, so that the tree gets many levels.
func deep(db *bolt.DB, n int, random *rand.Rand) error {
	for from := 0; from < n; from += 500 {
		err := db.Update(func(tx *bolt.Tx) error {
			bucket, err := bucketOf(tx, "deep")
			if err != nil {
				return err
			}
			bucket.FillPercent = 0.1
			for i := from; i < from+500 && i < n; i++ {
				key := fmt.Sprintf("%016x-%s", random.Uint64(), bytes.Repeat([]byte("k"), 400+i%300))
				if err := bucket.Put([]byte(key), []byte(fmt.Sprint(i))); err != nil {
					return err
				}
			}
			return bucket.SetSequence(uint64(n))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// overflow has values of every size around a page's and far beyond, and keys as long as a key may be.
func overflow(db *bolt.DB, n int, random *rand.Rand) error {
	page := os.Getpagesize()
	return db.Update(func(tx *bolt.Tx) error {
		bucket, err := bucketOf(tx, "overflow")
		if err != nil {
			return err
		}
		for i := 0; i < n; i++ {
			size := []int{0, 1, page - 17, page - 16, page, page + 1, 3*page - 40, 17 * page, 300_000, 1_000_003}[i%10]
			value := make([]byte, size)
			random.Read(value)
			key := []byte(fmt.Sprintf("%06d", i))
			if i%7 == 3 {
				key = append(key, bytes.Repeat([]byte{byte(i)}, bolt.MaxKeySize-len(key))...)
			}
			if err := bucket.Put(key, value); err != nil {
				return err
			}
		}
		return nil
	})
}

// inline has buckets small enough to live in their parent's leaf beside others that are just too large for it.
func inline(db *bolt.DB, n int, random *rand.Rand) error {
	return db.Update(func(tx *bolt.Tx) error {
		top, err := bucketOf(tx, "inline")
		if err != nil {
			return err
		}
		for i := 0; i < n; i++ {
			bucket, err := top.CreateBucket([]byte(fmt.Sprintf("%05d", i)))
			if err != nil {
				return err
			}
			for j := 0; j < i%40; j++ {
				value := make([]byte, random.Intn(60))
				random.Read(value)
				if err := bucket.Put([]byte(fmt.Sprintf("key-%03d", j)), value); err != nil {
					return err
				}
			}
			if err := bucket.SetSequence(uint64(i) << 40); err != nil {
				return err
			}
		}
		return nil
	})
}

// nested has buckets in buckets, n levels down, each with keys of arbitrary bytes.
func nested(db *bolt.DB, n int, random *rand.Rand) error {
	return db.Update(func(tx *bolt.Tx) error {
		bucket, err := bucketOf(tx, "level")
		for i := 0; i < n && err == nil; i++ {
			key := make([]byte, 1+random.Intn(30))
			random.Read(key)
			if err := bucket.Put(append([]byte{0, 0xff}, key...), key); err != nil {
				return err
			}
			bucket, err = bucket.CreateBucketIfNotExists([]byte(fmt.Sprintf("level-%d", i)))
		}
		return err
	})
}

// churned has had most of what it held deleted and written anew, so that free pages lie between the others.
func churned(db *bolt.DB, n int, random *rand.Rand) error {
	for round := 0; round < 12; round++ {
		err := db.Update(func(tx *bolt.Tx) error {
			for i := 0; i < n; i++ {
				name := []byte(fmt.Sprintf("bucket-%d", random.Intn(n/4+1)))
				if random.Intn(3) == 0 && tx.Bucket(name) != nil {
					if err := tx.DeleteBucket(name); err != nil {
						return err
					}
					continue
				}
				bucket, err := bucketOf(tx, string(name), fmt.Sprint("inner-", random.Intn(5)))
				if err != nil {
					return err
				}
				key := []byte(fmt.Sprint(random.Intn(50)))
				if random.Intn(4) == 0 {
					err = bucket.Delete(key)
				} else {
					err = bucket.Put(key, make([]byte, random.Intn(6000)))
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// mixed is some of everything in one file.
func mixed(db *bolt.DB, n int, random *rand.Rand) error {
	for _, fill := range []func(*bolt.DB, int, *rand.Rand) error{deep, inline, churned, overflow} {
		if err := fill(db, n, random); err != nil {
			return err
		}
	}
	return nil
}

// images is containerd's meta.db with n images and n blobs, written in transactions of a hundred.
func images(db *bolt.DB, n int, _ *rand.Rand) error {
	for from := 0; from < n; from += 100 {
		err := db.Update(func(tx *bolt.Tx) error {
			version, err := bucketOf(tx, "v1")
			if err != nil {
				return err
			}
			if err := version.Put([]byte("version"), []byte{6}); err != nil {
				return err
			}
			for i := from; i < from+100 && i < n; i++ {
				if err := putImage(tx, i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func putImage(tx *bolt.Tx, i int) error {
	at, err := time.Unix(1_700_000_000+int64(i), int64(i)).UTC().MarshalBinary()
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(fmt.Sprint(i)))
	digest := "sha256:" + hex.EncodeToString(sum[:])
	size := binary.AppendVarint(nil, int64(i)*1000+1)

	name := fmt.Sprintf("registry.example.com/team-%d/service-%05d:1.%d", i%97, i, i%13)
	image, err := bucketOf(tx, "v1", "default", "images", name)
	if err != nil {
		return err
	}
	blob, err := bucketOf(tx, "v1", "default", "content", "blob", digest)
	if err != nil {
		return err
	}
	target, err := image.CreateBucketIfNotExists([]byte("target"))
	if err != nil {
		return err
	}
	imageLabels, err := image.CreateBucketIfNotExists([]byte("labels"))
	if err != nil {
		return err
	}
	blobLabels, err := blob.CreateBucketIfNotExists([]byte("labels"))
	if err != nil {
		return err
	}
	for _, put := range []struct {
		into  *bolt.Bucket
		key   string
		value []byte
	}{
		{image, "createdat", at}, {image, "updatedat", at},
		{imageLabels, "io.cri-containerd.image", []byte("managed")},
		{target, "digest", []byte(digest)}, {target, "size", size},
		{target, "mediatype", []byte("application/vnd.oci.image.manifest.v1+json")},
		{blob, "createdat", at}, {blob, "updatedat", at}, {blob, "size", size},
		{blobLabels, "containerd.io/distribution.source.registry.example.com", []byte(fmt.Sprintf("team-%d/service-%05d", i%97, i))},
		{blobLabels, "containerd.io/gc.ref.content.config", []byte(digest)},
	} {
		if err := put.into.Put([]byte(put.key), put.value); err != nil {
			return err
		}
	}
	return nil
}

// large grows to n MiB of values of 1 MiB, and small keys between them.
func large(db *bolt.DB, n int, random *rand.Rand) error {
	value := make([]byte, 1<<20)
	random.Read(value)
	for i := 0; i < n; i++ {
		err := db.Update(func(tx *bolt.Tx) error {
			bucket, err := bucketOf(tx, "large", fmt.Sprintf("%06d", i))
			if err != nil {
				return err
			}
			binary.BigEndian.PutUint64(value, uint64(i))
			if err := bucket.Put([]byte("value"), value); err != nil {
				return err
			}
			return bucket.Put([]byte("number"), []byte(fmt.Sprint(i)))
		})
		if err != nil {
			return err
		}
	}
	return nil
}
