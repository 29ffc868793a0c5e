/** Programs that mean harm to the machine that they run in, or to whoever runs it. */

/** What a program has to come to. */
export type Ending =
  /** It ends with a value. */
  | { readonly completes: unknown }
  /** It is stopped for one of these reasons, and its machine is gone. */
  | { readonly stopped: ReadonlyArray<string> }
  /** It may do either; what counts is that everything goes on. */
  | { readonly either: ReadonlyArray<string> }

export interface Attack {
  readonly title: string
  readonly language: "python" | "shell"
  readonly source: string
  readonly ending: Ending
  /** Whether it never ends by itself. */
  readonly isEndless?: boolean
}

const ended = { stopped: ["GuestEnded"] }
const crowded = { stopped: ["ProcessLimit"] }
const misbehaved = { stopped: ["Misbehaved"] }
const stopped = { stopped: ["CpuLimit", "MemoryLimit"] }

/** What ordinary users are not allowed anywhere, and guest code is not allowed here. Gives what was possible all the same. */
const forbidden = `
import ctypes, errno, os, signal, socket, time
libc = ctypes.CDLL(None, use_errno=True)

def call(number, *arguments):
    if libc.syscall(number, *arguments) >= 0:
        return
    raise OSError(ctypes.get_errno(), "")

def reach(address):
    with socket.socket() as s:
        s.settimeout(2)
        s.connect(address)

def opened(path, flags):
    return lambda: os.close(os.open(path, flags))

def moved():
    with open("/sys/fs/cgroup/cgroup.procs", "w") as file:
        file.write(str(os.getpid()))

attempts = {
    "ends the agent": lambda: os.kill(1, signal.SIGKILL),
    "traces the agent": lambda: call(101, 16, 1, 0, 0),
    "sets the clock": lambda: time.clock_settime(time.CLOCK_REALTIME, 0),
    "mounts": lambda: call(165, b"none", b"/mnt", b"tmpfs", 0, 0),
    "has a user namespace": lambda: call(272, 0x10000000),
    "has a network namespace": lambda: call(272, 0x40000000),
    "loads a module": lambda: call(175, 0, 0, b""),
    "turns the machine off": lambda: call(169, 0xFEE1DEAD, 672274793, 0x4321FEDC, 0),
    "loads a program into the kernel": lambda: call(321, 5, 0, 0),
    "becomes root": lambda: os.setuid(0),
    "changes its root": lambda: os.chroot("/tmp"),
    "makes a device": lambda: os.mknod("/tmp/device", 0o020600, os.makedev(1, 1)),
    "names the machine": lambda: socket.sethostname("x"),
    "sends raw packets": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
    "hears all packets": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0),
    "reaches the internet": lambda: reach(("1.1.1.1", 53)),
    "reaches a cloud's metadata": lambda: reach(("169.254.169.254", 80)),
    "is more important": lambda: os.nice(-5),
    "leaves its group": moved,
}
for path in ["/proc/1/mem", "/proc/1/environ", "/proc/1/fd", "/proc/kcore", "/proc/kmsg", "/dev/kmsg", "/dev/mem", "/dev/port",
             "/dev/vda", "/dev/vdb", "/dev/hwrng", "/dev/snapshot", "/proc/sys/vm/drop_caches"]:
    attempts["reads " + path] = opened(path, os.O_RDONLY)
for path in ["/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/sys/power/state", "/proc/sys/user/max_user_namespaces",
             "/run/caisson/bin/interpreter", "/sys/fs/cgroup/guest/memory.max", "/sys/fs/cgroup/guest/cgroup.freeze"]:
    attempts["writes " + path] = opened(path, os.O_WRONLY)
for name in os.listdir("/dev"):
    if name.startswith(("vport", "hvc")):
        attempts["talks to the host over " + name] = opened("/dev/" + name, os.O_RDWR)

def succeeds(attempt):
    try:
        attempt()
        return True
    except (OSError, OverflowError):
        return False

[name for name, attempt in attempts.items() if succeeds(attempt)] + [n for n in os.listdir("/sys/class/net") if n != "lo"]`

/** Gets at the descriptor by which the interpreter speaks to its host, as whoever has the same user can. */
const voice = `
import ctypes, os, struct
libc = ctypes.CDLL(None)
voice = libc.syscall(438, libc.syscall(434, os.getppid(), 0), 1, 0)

def say(text):
    rest = memoryview(struct.pack("<I", len(text)) + text)
    while rest:
        rest = rest[os.write(voice, rest):]
`

export const attacks: ReadonlyArray<Attack> = [
  { title: "tries what only root may", language: "python", source: forbidden, ending: { completes: [] } },
  { title: "exits", language: "python", source: "import os; os._exit(0)", ending: ended },
  {
    title: "kills its interpreter",
    language: "python",
    source: "import os; os.kill(os.getppid(), 9)",
    ending: ended
  },
  { title: "kills all that it can", language: "shell", source: "kill -9 -1", ending: ended },
  {
    title: "ends its interpreter's connection",
    language: "python",
    source: "import os; os.closerange(3, 100)",
    ending: ended
  },
  {
    title: "writes garbage to its interpreter",
    language: "python",
    source: "import os; os.write(3, b'x' * 100)",
    ending: ended
  },
  {
    title: "writes garbage to the host",
    language: "python",
    source: `${voice}\nos.write(voice, b"garbage" * 1000)`,
    ending: misbehaved
  },
  {
    title: "sends the host a message that takes long to read",
    language: "python",
    source: `${voice}\nsay(b'{"say":"output","stream":"stdout","text":[' + b"{}," * 2_000_000 + b"{}]}")`,
    ending: misbehaved
  },
  {
    title: "sends the host calls of other runs",
    language: "python",
    source: `${voice}
say(b'{"say":"turn","turn":{"_tag":"Parked","calls":[{"id":"1.1","path":"pay","arguments":"[]"}],"sleeps":[],"cancelled":[]},'
    b'"usage":{"cpuMillis":0,"memoryBytes":0}}')
while True:
    pass`,
    ending: misbehaved
  },
  {
    title: "takes all memory",
    language: "python",
    source: "held = []\nwhile True:\n    held.append(bytearray(1_000_000))",
    ending: { stopped: ["MemoryLimit"] }
  },
  // What is left for the pages of its own code differs, and may be enough to go on reading them for ever.
  ...[0, 300_000, 800_000].map(
    (bytes): Attack => ({
      title: `takes all memory to the last page, ${bytes} bytes at first`,
      language: "shell",
      source: `python3 -c 'least, held = bytes(${bytes}), []
while True:
    held.append(bytearray(1_000_000))'
[ $? -eq 137 ]`,
      ending: { completes: { exitCode: 0 } }
    })
  ),
  {
    title: "takes all memory in another process",
    language: "shell",
    source: `python3 -c 'b"x" * 10**9'; echo $?`,
    ending: { either: ["MemoryLimit"] }
  },
  {
    title: "fills the memory with files",
    language: "shell",
    source: "head -c 200000000 /dev/zero > /dev/shm/x; head -c 200000000 /dev/zero > /dev/shm/y",
    ending: { either: ["MemoryLimit"] }
  },
  {
    title: "forks without end in a shell",
    language: "shell",
    source: ":(){ :|:& };:",
    ending: crowded
  },
  {
    title: "forks without end in a shell that is not waited for",
    language: "shell",
    source: "(:(){ :|:; };:) >/dev/null 2>&1 &",
    ending: crowded
  },
  {
    title: "puts more processes to sleep than there may be, and is over before",
    language: "shell",
    source: "(while :; do sleep 1000 & done) >/dev/null 2>&1 &",
    ending: crowded
  },
  {
    title: "forks without end in Python",
    language: "python",
    source: "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass",
    ending: { stopped: ["CpuLimit", "ProcessLimit"] },
    isEndless: true
  },
  {
    title: "starts more threads than there may be",
    language: "python",
    source: `
import threading
held = threading.Event()
try:
    for index in range(1_000):
        threading.Thread(target=held.wait, daemon=True).start()
except RuntimeError:
    pass
held.set()
index < 300`,
    ending: crowded
  },
  {
    title: "starts threads that start more threads, and is over before",
    language: "python",
    source: `
import threading
def multiply():
    while True:
        threading.Thread(target=multiply).start()
threading.Thread(target=multiply).start()`,
    ending: crowded
  },
  {
    title: "starts as many threads as there may be, and ends them",
    language: "python",
    source: `
import threading
held = threading.Event()
threads = [threading.Thread(target=held.wait) for index in range(200)]
for thread in threads:
    thread.start()
held.set()
for thread in threads:
    thread.join()
len(threads)`,
    ending: { completes: 200 }
  },
  { title: "prints without end", language: "shell", source: "yes", ending: stopped, isEndless: true },
  {
    title: "prints byte by byte, to both streams in turn",
    language: "python",
    source: "import os\nwhile True:\n    os.write(1, b'x')\n    os.write(2, b'y')",
    ending: stopped,
    isEndless: true
  },
  {
    title: "calls more tools than it may",
    language: "python",
    source: `
import asyncio

async def ask(index):
    try:
        return await aio.ask(amount=index)
    except Exception as error:
        return error.reason

answers = await asyncio.gather(*[ask(index) for index in range(100)])
[answers.count("TooManyCalls") > 0, answers[0]]`,
    ending: { completes: [true, 0] }
  },
  {
    title: "opens as many files as it can",
    language: "python",
    source: `
import os
held = []
try:
    while True:
        held.append(os.dup(1))
except OSError:
    pass
many = len(held) > 500
for descriptor in held:
    os.close(descriptor)
many`,
    ending: { completes: true }
  },
  {
    title: "makes more directories than anybody can watch",
    language: "python",
    source: `
import os
for index in range(1_100):
    os.mkdir(f"/workspace/{index}")
os.chdir("/workspace")
for index in range(380):
    os.mkdir("d")
    os.chdir("d")
os.chdir("/workspace")`,
    ending: { completes: null }
  },
  {
    title: "leaves a process that changes files without end",
    language: "shell",
    source:
      "while :; do mkdir -p /workspace/a/b; mv /workspace/a /workspace/c; rm -r /workspace/c; done >/dev/null 2>&1 &",
    ending: { completes: { exitCode: 0 } }
  },
  {
    title: "leaves a process that prints without end",
    language: "shell",
    source: "yes &",
    ending: { completes: { exitCode: 0 } }
  }
]
