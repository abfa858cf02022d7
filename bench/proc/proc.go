//go:build linux

// Package proc is what /proc tells of the processes that are measured.
package proc

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// clockTick is the unit of the times in /proc: USER_HZ, which Linux fixes.
const clockTick = 10 * time.Millisecond

// family lists a process and its children.
func family(pid int) []int {
	list := []int{pid}
	for i := 0; i < len(list); i++ {
		tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", list[i]))
		for _, t := range tasks {
			text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", list[i], t.Name()))
			for _, f := range strings.Fields(string(text)) {
				if n, err := strconv.Atoi(f); err == nil {
					list = append(list, n)
				}
			}
		}
	}
	return list
}

// Time is utime+stime of a process and its children, from /proc/PID/stat.
func Time(pid int) (time.Duration, error) {
	var sum int64
	for _, p := range family(pid) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p))
		if err != nil {
			return 0, err
		}
		// The name, in brackets, may hold blanks: count from its end.
		f := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(f) < 13 {
			return 0, fmt.Errorf("/proc/%d/stat: %q", p, text)
		}
		user, err := strconv.ParseInt(f[11], 10, 64)
		if err != nil {
			return 0, err
		}
		system, err := strconv.ParseInt(f[12], 10, 64)
		if err != nil {
			return 0, err
		}
		sum += user + system
	}
	return time.Duration(sum) * clockTick, nil
}

// Memory is the proportional set size of a process and its children in bytes:
// what they share counts once.
func Memory(pid int) (sum int64, err error) {
	for _, p := range family(pid) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p))
		if err != nil {
			return 0, err
		}
		for l := range strings.Lines(string(text)) {
			if f := strings.Fields(l); len(f) > 1 && f[0] == "Pss:" {
				n, err := strconv.ParseInt(f[1], 10, 64)
				if err != nil {
					return 0, err
				}
				sum += n << 10
			}
		}
	}
	return sum, nil
}

// Pin keeps every thread of this process, and those they start, to one
// processor.
func Pin(cpu int) error {
	var set unix.CPUSet
	set.Set(cpu)
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range tasks {
		tid, err := strconv.Atoi(t.Name())
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(tid, &set); err != nil {
			return fmt.Errorf("processor %d cannot be had for the load: %w", cpu, err)
		}
	}
	return nil
}
