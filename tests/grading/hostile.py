"""Hostile answers by the numbers of the threats: 31 to 74, what runs in a child.

Each source defines gram_matrix(features). `ends` are the ways it may end: an outcome's status, and of a reply its
status, too ("replied raised"). None may be found right, unless `right` says that the answer is honest and the attack
lies beside it. Words in @: the test puts its own paths and processes there.

A child is bounded by the runner's limits, and no attack does harm where the jail fails: signals to others are 0, a
process that could be made ends by itself after seconds.
"""

from dataclasses import dataclass

RIGHT = """
def right(features):
    F = features.flatten(1)
    return F @ F.T
"""
SYSCALL = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)

def call(*arguments):
    found = libc.syscall(*(ctypes.c_long(each) if isinstance(each, int) else each for each in arguments))
    if found < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return found
"""
DENIED = ("replied jailed",)  # waits for the instructor: an honest answer could meet the jail, too
RAISED = ("replied raised",)
WRONG = ("replied value", "replied raised", "replied nothing")
NO_FRAME = ("protocol", "timeout")


@dataclass(frozen=True)
class Hostile:
    threat: int
    name: str
    source: str
    ends: tuple[str, ...]
    right: bool = False
    text: str = ""  # what stands in the reply's text

    def __str__(self) -> str:
        return f"{self.threat}-{self.name}"


def body(code: str, before: str = "") -> str:
    """Return a source with this code in the function."""
    lines = "\n".join(f"    {line}" for line in code.strip().splitlines())
    return f"import os, sys, time\nimport torch\n{before}{RIGHT}\ndef gram_matrix(features):\n{lines}\n"


def denied(threat: int, name: str, code: str, before: str = "", ends: tuple[str, ...] = DENIED) -> Hostile:
    """An attempt that must raise PermissionError, and be the last thing that the function does."""
    return Hostile(threat, name, body(code + "\nreturn right(features)", before), ends, text="PermissionError")


RESOURCES = [
    Hostile(31, "loop-at-import", "while True: pass", ("timeout",)),
    Hostile(31, "loop-in-call", body("while True: pass"), ("timeout",)),
    Hostile(32, "c-call-without-end", body("import re\nre.match('(a+)+$', 'a' * 60 + 'b')"), ("timeout",)),
    Hostile(32, "huge-power", body("return 3 ** (10 ** 9)"), ("timeout", "memory")),
    Hostile(33, "sleep", body("time.sleep(60)"), ("timeout",)),
    Hostile(
        34,
        "ignores-signals",
        body(
            """
import signal
for number in range(1, 64):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
while True:
    try:
        while True: pass
    except BaseException:
        pass
"""
        ),
        ("timeout",),
    ),
    denied(35, "fork", "if os.fork() == 0:\n    time.sleep(20)\n    os._exit(0)"),
    Hostile(
        35,
        "fork-bomb",
        body(
            """
made = 0
for _ in range(200):
    try:
        if os.fork() == 0:
            time.sleep(20)
            os._exit(0)
        made += 1
    except OSError:
        pass
raise PermissionError(f"made {made}")
"""
        ),
        RAISED,
        text="made 0",
    ),
    denied(35, "daemon", "if os.fork() == 0:\n    os.setsid()\n    time.sleep(20)\n    os._exit(0)"),
    denied(35, "posix-spawn", "os.posix_spawn('/bin/sleep', ['sleep', '20'], {})"),
    denied(35, "vfork", "call(58)", SYSCALL),
    Hostile(35, "clone3", body("call(435, ctypes.create_string_buffer(88), 88)", SYSCALL), DENIED),
    Hostile(
        36,
        "thread-bomb",
        body("import threading\nfor _ in range(500): threading.Thread(target=time.sleep, args=(20,)).start()"),
        DENIED,
        text="start new thread",
    ),
    Hostile(37, "memory-python", body("return bytearray(8 << 30)"), ("memory",)),
    Hostile(37, "memory-torch", body("return torch.ones(1 << 30, dtype=torch.float64)"), ("memory",)),
    Hostile(37, "memory-list", body("x = []\nwhile True: x.append(bytearray(1 << 24))"), ("memory",)),
    Hostile(
        37,
        "memory-shared",
        body("import mmap\nx = []\nwhile True:\n    x.append(mmap.mmap(-1, 1 << 26))\n    x[-1][0] = 1"),
        ("memory", "replied raised"),
    ),
    Hostile(38, "lazy-giant", body("return torch.ones(1).expand(10 ** 12)"), ("replied value",)),
    Hostile(38, "giant-list", body("return [0.0] * 10 ** 8"), ("replied value", "memory", "timeout")),
    Hostile(39, "prints-much", body("while True: print('x' * 100000)"), ("output",)),
    Hostile(39, "writes-much", body("while True: os.write(2, b'x' * 100000)"), ("output",)),
    Hostile(40, "descriptors", body("x = [os.open('/dev/null', 0) for _ in range(1000)]"), RAISED),
    denied(40, "fills-tmp", "open('/tmp/nstlib-hostile', 'wb').write(b'x' * 1000)"),
    Hostile(40, "fills-shm", body("open('/dev/shm/nstlib-hostile', 'wb').write(b'x' * (64 << 20))"), DENIED),
    Hostile(40, "many-files", body("for n in range(10**4): open(f'/dev/shm/{n}', 'wb').write(b'x' * 10**6)"), DENIED),
    Hostile(
        40,
        "deep-folders",
        body("while True:\n    os.mkdir('/dev/shm/x' if os.getcwd() == '/' else 'x')\n    os.chdir('x')"),
        DENIED,
    ),
    denied(40, "memfd", "os.memfd_create('x')"),
    Hostile(
        41,
        "slow-end",
        body("import atexit\natexit.register(time.sleep, 60)\nreturn right(features)"),
        ("replied value",),
        right=True,
    ),
    Hostile(
        41,
        "slow-finaliser",
        body("class Slow:\n    def __del__(self): time.sleep(60)\nsys.kept = Slow()\nreturn right(features)"),
        ("replied value",),
        right=True,
    ),
    Hostile(42, "compile", body("return torch.compile(right)(features)"), ("replied value",), right=True),
    Hostile(
        42,
        "loader-workers",
        body("from torch.utils.data import DataLoader\nfor each in DataLoader([1, 2, 3], num_workers=2): pass"),
        DENIED,
    ),
]
ENDS = [
    Hostile(43, "exit", body("sys.exit(0)"), RAISED, text="SystemExit"),
    Hostile(43, "exit-at-import", "import sys\nsys.exit(0)", ("replied absent",)),
    Hostile(44, "hard-exit", body("os._exit(0)"), ("exited",)),
    Hostile(45, "segfault", body("import ctypes\nctypes.string_at(1)"), ("killed",)),
    Hostile(45, "abort", body("os.abort()"), ("killed",)),
    Hostile(
        45,
        "deep-stack",
        body("sys.setrecursionlimit(10 ** 9)\nx = []\nfor _ in range(10 ** 6): x = [x]\nreturn repr(x)"),
        ("killed", "replied raised", "replied value", "timeout", "memory"),
    ),
    Hostile(
        45,
        "heap",
        body("import ctypes\nlibc = ctypes.CDLL(None)\nlibc.free(ctypes.c_void_p(id(features) + 24))\ntime.sleep(60)"),
        ("killed", "timeout", "replied raised"),
    ),
    Hostile(46, "stops-itself", body("import signal\nos.kill(os.getpid(), signal.SIGSTOP)"), ("timeout",)),
    Hostile(46, "kills-itself", body("import signal\nos.kill(os.getpid(), signal.SIGKILL)"), ("killed",)),
    Hostile(
        47,
        "str-loops",
        body("class Bad(Exception):\n    def __str__(self):\n        while True: pass\nraise Bad"),
        ("timeout",),
    ),
    Hostile(
        47, "str-raises", body("class Bad(Exception):\n    def __str__(self): 1 / 0\nraise Bad"), RAISED, text="Bad"
    ),
    Hostile(47, "long-name", body("raise type('x' * 1000000, (Exception,), {})('y' * 1000000)"), RAISED),
    Hostile(47, "odd-name", body("raise type('a\\ud800\\n\"', (Exception,), {})('\\ud800\\x00\\x1b[2J')"), RAISED),
    Hostile(47, "odd-kind", body("return type('correct', (), {})()"), ("replied value",)),
]
LIES = [
    Hostile(
        48,
        "patches",
        body(
            """
import builtins, json
torch.allclose = torch.equal = lambda *a, **k: True
torch.testing.assert_close = lambda *a, **k: None
builtins.all = builtins.any = lambda *a: True
json.dumps = lambda *a, **k: '{"status": "correct", "sizes": []}'
return torch.zeros(2, 2)
"""
        ),
        ("protocol", "replied value"),
    ),
    Hostile(49, "equal-to-all", body("class E:\n    __eq__ = lambda s, o: True\nreturn E()"), ("replied value",)),
    Hostile(
        50,
        "lying-subclass",
        body(
            """
class Liar(torch.Tensor):
    shape = (3, 3)
    def __eq__(self, other): return True
    def detach(self): return self
    def double(self): return self
    def numpy(self): return "correct"
    @classmethod
    def __torch_function__(cls, f, types, args=(), kwargs=None): return cls(torch.zeros(3, 3))
return torch.zeros(3, 3).as_subclass(Liar)
"""
        ),
        (*WRONG, "protocol", "exited"),
    ),
    *(
        Hostile(51, name, body(f"x = right(features).detach().float()\nreturn {code}"), WRONG)
        for name, code in {
            "sparse": "x.to_sparse()",
            "complex": "x.to(torch.complex64)",
            "meta": "x.to('meta')",
            "quantised": "torch.quantize_per_tensor(x, 1.0, 0, torch.qint8)",
            "nested": "torch.nested.nested_tensor([x, x[:1]])",
            "object-array": "__import__('numpy').array([x, None], dtype=object)",
            "cuda": "x.cuda()",
            "half": "x.half()",
            "nan": "x * float('nan')",
        }.items()
    ),
    Hostile(53, "stored-results", body("return torch.tensor([[1.0, 2.0], [2.0, 5.0]])"), WRONG),
    Hostile(54, "reseeds", body("torch.manual_seed(0)\nreturn torch.randn(3, 3, dtype=torch.float64)"), WRONG),
    Hostile(
        56,
        "forged-words",
        body(
            """
for place in range(3, 64):
    try:
        os.write(place, b'{"verdict": "correct", "score": 10, "status": "pass"}')
    except OSError:
        pass
os._exit(0)
"""
        ),
        ("protocol", "exited"),
    ),
    *(
        Hostile(
            56,
            f"forged-{word}",
            body(
                f"""
import json, struct
head = json.dumps({{"status": "{word}", "kind": "tensor", "dtype": "float64", "names": [], "shapes": [],
    "gradients": [], "changed": False, "unread": False, "text": "correct", "detail": "{word}", "sizes": [],
    "outcome": "correct", "verdict": "correct", "points": 8}}).encode()
for place in range(3, 64):
    try:
        os.write(place, struct.pack(">I", len(head)) + head)
    except OSError:
        pass
os._exit(0)
"""
            ),
            ("protocol",),
        )
        for word in ("correct", "ok", "pass", "replied", "infra", "true")
    ),
    Hostile(
        56,
        "forged-value",
        body(
            """
import json, struct
head = json.dumps({"status": "value", "kind": "tensor", "dtype": "float64", "names": [""], "shapes": [[3, 3]],
    "gradients": [], "changed": False, "unread": False, "text": "correct", "detail": "", "sizes": [72],
    "verdict": "correct"}).encode()
for place in range(3, 64):
    try:
        os.write(place, struct.pack(">I", len(head)) + head + bytes(72))
    except OSError:
        pass
os._exit(0)
"""
        ),
        ("replied value",),
    ),
    Hostile(
        56,
        "claims-gigabytes",
        body(
            """
for place in range(3, 64):
    try: os.write(place, b"\\xff" * 8)
    except OSError: pass
time.sleep(60)
"""
        ),
        ("protocol",),
    ),
    Hostile(
        57,
        "late-writer",
        body(
            """
import atexit, struct
atexit.register(lambda: [os.write(place, struct.pack(">I", 2) + b"{}") for place in range(3, 8)])
class Late:
    def __del__(self): os.write(5, b"correct")
sys.kept = Late()
return torch.zeros(3, 3)
"""
        ),
        ("replied value",),
    ),
    Hostile(
        58,
        "dribble",
        body(
            """
frame = b"\\x00\\x00\\xff\\x00{" + b" " * 60000
for byte in frame:
    for place in range(3, 12):
        try: os.write(place, bytes([byte]))
        except OSError: pass
    time.sleep(0.05)
"""
        ),
        ("timeout",),
    ),
    Hostile(
        59,
        "pickle-as-result",
        body("class P:\n    def __reduce__(self): return (os.system, ('touch @FOLDER@/pickled',))\nreturn P()"),
        ("replied value",),
    ),
    Hostile(
        59,
        "pickle-on-the-pipe",
        body(
            """
import pickle
class P:
    def __reduce__(self): return (os.system, ('touch @FOLDER@/pickled',))
for place in range(3, 64):
    try: os.write(place, pickle.dumps(P()))
    except OSError: pass
os._exit(0)
"""
        ),
        ("protocol",),
    ),
    Hostile(
        60,
        "poisoned-modules",
        body("for name in list(sys.modules): sys.modules[name] = None\nreturn torch.zeros(3, 3)"),
        (*WRONG, "exited", "protocol", "killed"),
    ),
    Hostile(
        60,
        "forges-by-the-childs-own-modules",
        body(
            """
child = sys.modules["sandbox.child"]
frame = child.protocol.pack({"status": "correct", "verdict": "correct", "points": 8})
sys.modules["sandbox.answers"].pack_answer = lambda answer: frame
return torch.zeros(3, 3)
"""
        ),
        ("protocol",),
    ),
    Hostile(
        60,
        "patches-the-reading",
        body("sys.modules['sandbox.reading'].read = lambda *a: 'correct'\nreturn torch.zeros(3, 3)"),
        ("exited",),
    ),
    Hostile(
        60,
        "traces",
        body("sys.settrace(lambda *a: 1 / 0)\nsys.setprofile(lambda *a: os._exit(3))\nreturn torch.zeros(3, 3)"),
        (*WRONG, "exited"),
    ),
    Hostile(60, "closes-all", body("os.closerange(0, 64)\nreturn torch.zeros(3, 3)"), ("exited",)),
    Hostile(60, "closes-and-waits", body("os.closerange(0, 64)\ntime.sleep(60)"), ("timeout",)),
    Hostile(60, "broken-stdout", body("sys.stdout = sys.stderr = None\nreturn torch.zeros(3, 3)"), ("exited",)),
]
READS = [
    Hostile(
        61,
        "searches-memory",
        body(
            """
import gc, inspect
seen = [frame.frame.f_locals for frame in inspect.stack()] + gc.get_objects()
for each in seen:
    if isinstance(each, (str, bytes, dict)) and "hidden-canary-" + "7f3a" in str(each)[:100000]:
        return torch.ones(1)
raise PermissionError("nothing found")
"""
        ),
        ("replied raised", "timeout", "memory"),
    ),
    Hostile(62, "imports-the-library", body("import nstlib.style\nreturn right(features)"), RAISED, text="nstlib"),
    Hostile(
        62,
        "imports-past-the-finder",
        body("sys.meta_path.pop(0)\nsys.path.insert(0, '@LIBRARY@')\nimport nstlib.checks.references"),
        DENIED,
    ),
    denied(62, "reads-the-references", "open('@LIBRARY@/nstlib/checks/references.py').read()"),
    denied(62, "reads-the-grader", "open('@LIBRARY@/nstlib/grading/runner/runner.py').read()"),
    denied(62, "reads-the-bundle", "open('@CANARY@').read()"),
    denied(63, "lists-submissions", "os.listdir('@FOLDER@')"),
    denied(63, "lists-root", "os.listdir('/')"),
    denied(63, "reads-passwords", "open('/etc/passwd').read()"),
    denied(64, "environ", "open('/proc/@PARENT@/environ', 'rb').read()"),
    denied(64, "environ-of-zygote", "open('/proc/@ZYGOTE@/environ', 'rb').read()"),
    denied(64, "cmdline", "open('/proc/@PARENT@/cmdline', 'rb').read()"),
    denied(64, "memory", "open('/proc/@PARENT@/mem', 'rb').read()"),
    denied(64, "own-maps", "open('/proc/self/maps').read()"),
    denied(64, "ptrace", "call(101, 16, @PARENT@, 0, 0)", SYSCALL),
    denied(64, "process-vm-readv", "call(310, @PARENT@, 0, 0, 0, 0, 0)", SYSCALL),
    denied(64, "pidfd-getfd", "call(438, call(434, @PARENT@, 0), 0, 0)", SYSCALL),
]
HARMS = [
    denied(65, "deletes", "os.unlink('@CANARY@')"),
    denied(65, "truncates", "os.truncate('@CANARY@', 0)"),
    denied(65, "opens-truncating", "open('@CANARY@', 'w')"),
    denied(65, "chmod", "os.chmod('@CANARY@', 0)"),
    denied(65, "chown", "os.chown('@CANARY@', 0, 0)"),
    denied(65, "renames", "os.rename('@CANARY@', '@CANARY@.gone')"),
    denied(65, "links", "os.link('@CANARY@', '@FOLDER@/other')"),
    denied(65, "symlinks", "os.symlink('@CANARY@', '@FOLDER@/other')"),
    denied(65, "makes-a-folder", "os.mkdir('@FOLDER@/new')"),
    denied(65, "sets-times", "os.utime('@CANARY@', (0, 0))"),
    denied(65, "sets-attributes", "os.setxattr('@CANARY@', 'user.x', b'1')"),
    denied(65, "makes-a-pipe", "os.mkfifo('@FOLDER@/new')"),
    Hostile(
        66,
        "gradebook",
        body("import sqlite3\nsqlite3.connect('@FOLDER@/gradebook.db').execute('create table grade(x)')"),
        RAISED,
    ),
    denied(67, "poisons-torch", "open(torch.__file__, 'a').write('x = 1')"),
    denied(67, "sitecustomize", "open(os.path.dirname(torch.__path__[0]) + '/sitecustomize.py', 'w')"),
    denied(67, "writes-a-pyc", "open(os.path.dirname(torch.__file__) + '/__pycache__/x.pyc', 'wb')"),
    *(
        denied(68, name, f"import socket\n{code}")
        for name, code in {
            "tcp": "socket.create_connection(('127.0.0.1', 22), 1)",
            "udp": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
            "unix": "socket.socket(socket.AF_UNIX).connect('/var/run/docker.sock')",
            "abstract": "socket.socket(socket.AF_UNIX).bind('\\0name')",
            "raw": "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
            "netlink": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
            "pair": "socket.socketpair()",
            "metadata": "socket.create_connection(('169.254.169.254', 80), 1)",
        }.items()
    ),
    Hostile(68, "dns", body("import socket\nsocket.getaddrinfo('example.org', 80)"), RAISED),
    denied(69, "signals-the-grader", "os.kill(@PARENT@, 0)"),
    denied(69, "kills-the-zygote", "os.kill(@ZYGOTE@, 9)"),
    denied(69, "kills-by-pidfd", "import signal\nsignal.pidfd_send_signal(os.pidfd_open(@ZYGOTE@), 9)"),
    denied(69, "kills-by-tgkill", "call(234, @ZYGOTE@, @ZYGOTE@, 9)", SYSCALL),
    denied(69, "kills-by-tkill", "call(200, @ZYGOTE@, 9)", SYSCALL),
    denied(69, "queues-a-signal", "call(129, @ZYGOTE@, 9, ctypes.create_string_buffer(128))", SYSCALL),
    denied(69, "signals-all", "os.kill(-1, 0)"),
    denied(69, "signals-the-group", "os.killpg(0, 0)"),
    denied(69, "signals-by-descriptor", "import fcntl\nfcntl.fcntl(1, fcntl.F_SETOWN, @ZYGOTE@)"),
    denied(69, "slows-the-grader", "os.setpriority(os.PRIO_PROCESS, @PARENT@, 19)"),
    denied(69, "moves-the-grader", "os.sched_setaffinity(@PARENT@, {0})"),
    denied(70, "limits-of-the-grader", "import resource\nresource.prlimit(@PARENT@, resource.RLIMIT_NOFILE)"),
    denied(70, "limits-of-the-zygote", "import resource\nresource.prlimit(@ZYGOTE@, resource.RLIMIT_CPU, (1, 1))"),
    Hostile(
        71,
        "lifts-limits",
        body("import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))"),
        RAISED,
    ),
    Hostile(
        71,
        "prlimits-itself",
        body("import resource\nresource.prlimit(0, resource.RLIMIT_DATA, (-1, -1))"),
        DENIED,
    ),
    denied(71, "becomes-root", "os.setuid(0)"),
    denied(71, "outlives-the-zygote", "call(157, 1, 0, 0, 0, 0)", SYSCALL),
    *(
        denied(72, name, f"call({arguments})", SYSCALL)
        for name, arguments in {
            "unshare": "272, 0x10000000",
            "setns": "308, 0, 0",
            "mount": "165, b'none', b'/tmp', b'tmpfs', 0, 0",
            "open-tree": "428, -100, b'/', 1",
            "bpf": "321, 0, 0, 0",
            "io-uring": "425, 8, ctypes.create_string_buffer(120)",
            "keyring": "250, 0, -3, 0",
            "userfaultfd": "323, 0",
            "perf": "298, 0, 0, -1, -1, 0",
            "chroot": "161, b'/'",
            "system-v": "29, 0, 4096, 0o1600",
            "unknown": "1000",
            "x32": "0x40000000 + 39",
        }.items()
    ),
    denied(73, "shell", "os.execv('/bin/sh', ['sh', '-c', 'true'])"),
    Hostile(73, "subprocess", body("import subprocess\nsubprocess.run(['cc', '--version'])"), DENIED),
    denied(73, "system", "if os.system('true') != 0: raise PermissionError", ends=RAISED),
    Hostile(
        74,
        "stat-is-open",
        body("raise PermissionError(os.stat('@CANARY@').st_size)"),
        RAISED,  # known: that a file exists, and its size, can be learned; no name of the grader's holds a secret
    ),
]
ALL = [*RESOURCES, *ENDS, *LIES, *READS, *HARMS]
