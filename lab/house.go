package lab

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// insideEnv tells a test that it runs in a network of its own.
const insideEnv = "CALLISTO_LAB_INSIDE"

// Elsewhere runs the test once more in a network of its own (a network namespace)
// and returns false; there it returns true. It needs root, or a kernel that
// lets anybody have namespaces.
func Elsewhere(t *testing.T) bool {
	t.Helper()
	if os.Getenv(insideEnv) == t.Name() {
		run(t, 0, "ip", "link", "set", "lo", "up")
		run(t, 0, "ip", "addr", "add", World+"/32", "dev", "lo")
		return true
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=2m")
	cmd.Env = append(os.Environ(), insideEnv+"="+t.Name())
	cmd.SysProcAttr = apart()
	if out, err := cmd.CombinedOutput(); err != nil {
		if _, ran := err.(*exec.ExitError); !ran { //nolint:errorlint // it is of Wait itself
			t.Fatalf("this test needs a network namespace, which the kernel does not give (%v): run it as root, or set kernel.unprivileged_userns_clone=1 and user.max_user_namespaces above 0", err)
		}
		t.Fatalf("in a network of its own: %v\n%s", err, out)
	} else {
		t.Logf("in a network of its own:\n%s", out)
	}
	return false
}

// apart is a process with a network of its own; root in it, if not here.
func apart() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if os.Getuid() != 0 {
		a.Cloneflags |= syscall.CLONE_NEWUSER
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	return a
}

// House is a home with a router: two networks of its own, that of the router and
// that of the telephones behind it. The router gives whatever leaves its own
// address and another port, lets nothing in but answers, and forgets some seconds
// after the last packet who had sent it.
type House struct {
	Phone  netip.Addr // of the telephone
	Router netip.Addr // of the router, outside
	phone  int        // process in whose network telephones are
	router int
	phones uint16 // that run there
}

// World is our address in a network of a test's own.
const World = "198.51.100.1"

// NewHouse builds a house in a network of this test's own (see Elsewhere), where we
// have the address World; number tells houses apart.
func NewHouse(t *testing.T, number, forgets int) *House {
	t.Helper()
	h := &House{
		Phone: netip.MustParseAddr("192.168.7.2"), Router: netip.AddrFrom4([4]byte{198, 51, 100, byte(100 + number)}), //nolint:gosec // few houses
		phone: empty(t), router: empty(t),
	}
	street := fmt.Sprintf("street%d", number)
	inside := func(in int, lines ...string) {
		for _, line := range lines {
			run(t, in, strings.Fields(line)...)
		}
	}
	inside(0, fmt.Sprintf("ip link add %s type veth peer name wan netns %d", street, h.router), "ip link set "+street+" up",
		fmt.Sprintf("ip route add %s dev %s src %s", h.Router, street, World))
	inside(h.router, fmt.Sprintf("ip link add lan type veth peer name eth0 netns %d", h.phone),
		"ip link set lo up", "ip addr add "+h.Router.String()+"/32 dev wan", "ip link set wan up", "ip route add "+World+" dev wan",
		"ip addr add 192.168.7.1/24 dev lan", "ip link set lan up",
		"nft add table ip home", "nft add chain ip home out { type nat hook postrouting priority srcnat ; }",
		"nft add rule ip home out oifname wan masquerade random",
		"nft add chain ip home through { type filter hook forward priority filter ; policy drop ; }",
		"nft add rule ip home through iifname lan accept", "nft add rule ip home through ct state established,related accept")
	for file, value := range map[string]int{"ipv4/ip_forward": 1, "netfilter/nf_conntrack_udp_timeout": forgets, "netfilter/nf_conntrack_udp_timeout_stream": forgets} {
		run(t, h.router, "sh", "-c", fmt.Sprintf("echo %d > /proc/sys/net/%s", value, file))
	}
	inside(h.phone, "ip link set lo up", "ip addr add 192.168.7.2/24 dev eth0", "ip link set eth0 up", "ip route add default via 192.168.7.1")
	return h
}

// command is a program as it is run behind the router.
func (h *House) command(program string, args []string) (string, []string) {
	return "nsenter", append([]string{"-t", fmt.Sprint(h.phone), "-n", program}, args...)
}

// port is where the next telephone listens; it takes the port after it too.
func (h *House) port() uint16 {
	h.phones++
	return 5058 + 2*h.phones
}

// empty is a process with a network of its own, which ends with the test.
func empty(t *testing.T) int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sleep", "infinity")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatalf("this test needs network namespaces, which the kernel does not give: %v", err)
	}
	go func() { _ = cmd.Wait() }() // it is ended with the test
	return cmd.Process.Pid
}

// run runs a program in the network of a process, or in ours (0).
func run(t *testing.T, in int, args ...string) {
	t.Helper()
	if in != 0 {
		args = append([]string{"nsenter", "-t", fmt.Sprint(in), "-n"}, args...)
	}
	cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s\nThis test needs iproute2, nftables and util-linux (scripts/install-test-tools installs them) and a kernel with veth, nf_tables and masquerading.",
			strings.Join(args, " "), err, out)
	}
}
