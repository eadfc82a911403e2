// Command sim measures a fleet. It starts an etcd and thousands of replicas, pushes
// policies, and measures how long each replica takes to apply them, what that costs, and
// how long it takes during faults. It prints a table, and with -out writes a page with a
// plot:
//
//	go run ./fleet/sim -replicas 100,1000,10000
//	go run ./fleet/sim -replicas 1000 -size 1KiB,1MiB -faults cut,silent,restart -out docs/fleet
//
// The replicas are those of package fleet, all in this process, and share a few
// connections through a proxy on loopback. The etcd is a process of its own.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

// etcdVariable makes the program an etcd.
const etcdVariable = "CORSKIT_SIM_ETCD"

func main() {
	if os.Getenv(etcdVariable) != "" {
		etcdmain.Main(os.Args)
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "sim:", err)
		os.Exit(1)
	}
}

// settings are the flags.
type settings struct {
	replicas, sizes              list
	pushes, connections, members int
	jitter                       time.Duration
	alone                        bool
	faults                       []string
	budget                       size
	out, profile                 string
}

// run runs the command.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s := settings{replicas: list{100, 1000}, sizes: list{1 << 10}, budget: 4 << 30}
	flags := flag.NewFlagSet("sim", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Var(&s.replicas, "replicas", "numbers of replicas, separated by commas")
	flags.Var(&s.sizes, "size", "sizes of the bundles, such as 1KiB,1MiB")
	flags.IntVar(&s.pushes, "pushes", 5, "pushes for each number and size")
	flags.IntVar(&s.connections, "connections", 100,
		"connections that the replicas share; etcd is slow to notify more than 128 watches of one")
	flags.IntVar(&s.members, "members", 1, "members of the etcd: 1 or 3")
	flags.DurationVar(&s.jitter, "jitter", -1, "fleet.Options.Jitter: negative is off, 0 derives it from the size of the fleet")
	flags.BoolVar(&s.alone, "alone", false, "let each replica compile policies itself, although all share the processors of this machine")
	faults := flags.String("faults", "", "faults during a push, after the others: cut, silent, restart")
	flags.Var(&s.budget, "budget", "skip combinations that would transfer more than this")
	flags.StringVar(&s.out, "out", "", "a directory for the page measured.md and its plot")
	flags.StringVar(&s.profile, "cpuprofile", "", "a file for a processor profile of the pushes")
	switch err := flags.Parse(args); {
	case err == flag.ErrHelp:
		return nil
	case err != nil:
		return err
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case s.pushes < 1 || s.connections < 1 || s.members != 1 && s.members != 3:
		return fmt.Errorf("-pushes and -connections must be at least 1, and -members 1 or 3")
	}
	if *faults != "" {
		s.faults = strings.Split(*faults, ",")
	}
	for _, name := range s.faults {
		if _, ok := faultsByName[name]; !ok {
			return fmt.Errorf("unknown fault %q: the faults are cut, silent and restart", name)
		}
	}
	slices.Sort(s.replicas)
	results, err := s.measure(ctx, &progress{out: stderr})
	if err != nil {
		return err
	}
	if err := results.table(stdout); err != nil || s.out == "" {
		return err
	}
	return results.write(s.out, args)
}

// list is a flag of numbers or sizes.
type list []int

func (l *list) String() string { return strings.Trim(fmt.Sprint([]int(*l)), "[]") }

func (l *list) Set(text string) error {
	*l = nil
	for part := range strings.SplitSeq(text, ",") {
		n, err := parseSize(part)
		if err != nil {
			return err
		}
		*l = append(*l, n)
	}
	return nil
}

// size is a flag of one size.
type size int

func (s *size) String() string { return sizeText(int(*s)) }

func (s *size) Set(text string) error {
	n, err := parseSize(text)
	*s = size(n)
	return err
}

var units = []struct {
	name string
	size int
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}}

func parseSize(text string) (int, error) {
	for _, unit := range units {
		if number, ok := strings.CutSuffix(text, unit.name); ok {
			n, err := strconv.Atoi(number)
			if err != nil || n < 1 || n > 1<<40/unit.size {
				return 0, fmt.Errorf("%q is not a number above 0, with KiB, MiB, GiB or nothing", text)
			}
			return n * unit.size, nil
		}
	}
	return 0, nil // the last unit fits always
}

func sizeText(n int) string {
	for _, unit := range units {
		if n >= 10*unit.size || n >= unit.size && n%unit.size == 0 {
			return strings.TrimSpace(fmt.Sprintf("%d %s", n/unit.size, unit.name))
		}
	}
	return strconv.Itoa(n)
}
