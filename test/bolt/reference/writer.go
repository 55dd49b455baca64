package main

import (
	"encoding/binary"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// write commits until the time is over, several times without a pause and then after a short one, so that a
// reader is disturbed often but not always. Each transaction gives every key the same number,
// the next one, and changes how long the values are, so that pages move and the file grows: a reader that
// sees two numbers has seen two transactions.
func write(path string, millis int) error {
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoFreelistSync: true, Timeout: 5 * time.Second})
	if err != nil {
		return err
	}
	db.NoSync = true
	end := time.Now().Add(time.Duration(millis) * time.Millisecond)
	number := uint64(0)
	for ; time.Now().Before(end); number++ {
		err := db.Update(func(tx *bolt.Tx) error {
			bucket, err := bucketOf(tx, "numbers")
			if err != nil {
				return err
			}
			value := make([]byte, 8+int(number*37%3000))
			binary.BigEndian.PutUint64(value, number)
			for i := 0; i < 60; i++ {
				if err := bucket.Put([]byte(fmt.Sprintf("key-%02d", i)), value); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if number == 0 {
			fmt.Println("writing")
		}
		if number%4 == 3 {
			time.Sleep(5 * time.Millisecond)
		}
	}
	fmt.Println(number)
	return db.Close()
}
