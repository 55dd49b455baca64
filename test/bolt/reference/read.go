package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
)

// dump writes one line for each thing, keys and values in hexadecimal:
//
//	bucket KEY SEQUENCE
//	key KEY VALUE
//	end
func dump(tx *bolt.Tx, out *bufio.Writer) error {
	root := tx.Cursor().Bucket()
	return dumpBucket(root, out)
}

func dumpBucket(bucket *bolt.Bucket, out *bufio.Writer) error {
	return bucket.ForEach(func(key, value []byte) error {
		if value != nil {
			_, err := fmt.Fprintf(out, "key %s %s\n", hex.EncodeToString(key), hex.EncodeToString(value))
			return err
		}
		child := bucket.Bucket(key)
		fmt.Fprintf(out, "bucket %s %d\n", hex.EncodeToString(key), child.Sequence())
		if err := dumpBucket(child, out); err != nil {
			return err
		}
		_, err := fmt.Fprintln(out, "end")
		return err
	})
}

// pages writes `ID TYPE COUNT OVERFLOW` for each page that begins a run; `free` has neither.
func pages(tx *bolt.Tx, out *bufio.Writer) error {
	for range tx.Check() { // reads the freelist, without which nothing is known to be free
	}
	for id := 0; ; id++ {
		page, err := tx.Page(id)
		if err != nil || page == nil {
			return err
		}
		if page.Type == "free" {
			fmt.Fprintf(out, "%d free\n", id)
			continue
		}
		fmt.Fprintf(out, "%d %s %d %d\n", page.ID, page.Type, page.Count, page.OverflowCount)
		id += page.OverflowCount
	}
}

func check(tx *bolt.Tx, out *bufio.Writer) error {
	for err := range tx.Check() {
		fmt.Fprintln(out, err)
	}
	return nil
}

// walk visits all that the file holds, as any reader of a whole database does, and prints
// `KEYS BUCKETS BYTES NANOSECONDS` of the fastest round, then what the process has cost:
// nanoseconds of the processor and KiB of memory at most.
func walk(path string, times int) error {
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, Timeout: 5 * time.Second})
	if err != nil {
		return err
	}
	defer db.Close()
	best := time.Duration(1 << 62)
	var count counts
	for i := 0; i < times; i++ {
		count = counts{}
		start := time.Now()
		err := db.View(func(tx *bolt.Tx) error { return count.walk(tx.Cursor().Bucket()) })
		if err != nil {
			return err
		}
		if took := time.Since(start); took < best {
			best = took
		}
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return err
	}
	fmt.Printf("%d %d %d %d %d %d\n", count.keys, count.buckets, count.bytes, best.Nanoseconds(),
		usage.Utime.Nano()+usage.Stime.Nano(), usage.Maxrss)
	return nil
}

type counts struct{ keys, buckets, bytes int }

func (c *counts) walk(bucket *bolt.Bucket) error {
	return bucket.ForEach(func(key, value []byte) error {
		c.bytes += len(key) + len(value)
		if value != nil {
			c.keys++
			return nil
		}
		c.buckets++
		return c.walk(bucket.Bucket(key))
	})
}
