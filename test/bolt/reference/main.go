// Reference for our bbolt reader: the real library, asked for what tests compare with.
//
//	reference dump FILE              every bucket, key and value, in order
//	reference pages FILE             what the library says each page is
//	reference check FILE             what the library's own check complains of
//	reference walk FILE TIMES        visits everything, prints the fastest time
//	reference make KIND FILE [N] [PAGESIZE]
//	                                 writes a file of a kind (generate.go)
//	reference write FILE MILLIS      commits until the time is over (writer.go)
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"time"

	bolt "go.etcd.io/bbolt"
)

func main() {
	if len(os.Args) < 3 {
		fail(fmt.Errorf("expected a command and a file, got %q", os.Args[1:]))
	}
	command, args := os.Args[1], os.Args[2:]
	switch command {
	case "dump":
		fail(reading(args[0], dump))
	case "pages":
		fail(reading(args[0], pages))
	case "check":
		fail(reading(args[0], check))
	case "walk":
		fail(walk(args[0], number(args, 1, 1)))
	case "make":
		fail(generate(args[0], args[1], number(args, 2, 0), number(args, 3, 0)))
	case "write":
		fail(write(args[0], number(args, 1, 1000)))
	default:
		fail(fmt.Errorf("there is no command %q", command))
	}
}

// reading opens a file that nobody else has open: the library locks it, as our reader never does.
func reading(path string, use func(tx *bolt.Tx, out *bufio.Writer) error) error {
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, Timeout: 5 * time.Second})
	if err != nil {
		return err
	}
	defer db.Close()
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	defer out.Flush()
	return db.View(func(tx *bolt.Tx) error { return use(tx, out) })
}

func number(args []string, at int, otherwise int) int {
	if len(args) <= at {
		return otherwise
	}
	n, err := strconv.Atoi(args[at])
	fail(err)
	return n
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
