"""Seccomp, the kernel's filter on system calls: a child may make the calls listed here, and all others are refused.

We list what is allowed, so that whatever the next kernel brings is refused, too. We use ctypes and struct: pyseccomp
(2021) needs libseccomp.so beside it, and building the same filter through it takes longer than the rest of the jail.
"""

import errno
import platform
import struct

MACHINE, ARCHITECTURE = "x86_64", 0xC000003E  # others have other numbers, and a filter nobody tried protects nobody
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000, 0x80000000
LOAD, EQUALS, RETURN = 0x20, 0x15, 0x06
NUMBER_OFFSET, ARCHITECTURE_OFFSET, ARGUMENTS_OFFSET = 0, 4, 16  # in the kernel's struct seccomp_data

NUMBERS = dict(
    read=0, write=1, open=2, close=3, stat=4, fstat=5, lstat=6, poll=7, lseek=8, mmap=9, mprotect=10, munmap=11,
    brk=12, rt_sigaction=13, rt_sigprocmask=14, rt_sigreturn=15, ioctl=16, pread64=17, pwrite64=18, readv=19,
    writev=20, access=21, pipe=22, select=23, sched_yield=24, mremap=25, mincore=27, madvise=28, dup=32, dup2=33,
    pause=34, nanosleep=35, getitimer=36, alarm=37, setitimer=38, getpid=39, exit=60, kill=62, uname=63, fcntl=72,
    getdents=78, getcwd=79, readlink=89, umask=95, gettimeofday=96, getrlimit=97, getrusage=98, sysinfo=99,
    times=100, getuid=102, getgid=104, geteuid=107, getegid=108, getppid=110, getgroups=115, sigaltstack=131,
    statfs=137, fstatfs=138, arch_prctl=158, gettid=186, time=201, futex=202, sched_getaffinity=204,
    getdents64=217, set_tid_address=218, restart_syscall=219, clock_gettime=228, clock_getres=229,
    clock_nanosleep=230, exit_group=231, tgkill=234, openat=257, newfstatat=262, readlinkat=267, faccessat=269,
    pselect6=270, ppoll=271, set_robust_list=273, get_robust_list=274, dup3=292, pipe2=293, prlimit64=302,
    getcpu=309, getrandom=318, membarrier=324, statx=332, rseq=334, close_range=436, faccessat2=439,
)  # fmt: skip
# For whom there is a scratch folder, and Landlock to keep them in it
WRITING = dict(
    flock=73, fsync=74, ftruncate=77, chdir=80, rename=82, mkdir=83, rmdir=84, unlink=87, mkdirat=258, unlinkat=263,
    renameat=264,
)  # fmt: skip
# For these calls one argument decides: its index, and the values allowed. fcntl: to copy a descriptor and its flags,
# not to have signals sent to others. ioctl: whether it is a terminal, close-on-exec, how much there is to read.
COMMANDS = {"fcntl": (1, (0, 1, 2, 3, 4, 1030)), "ioctl": (1, (0x5401, 0x5450, 0x5451, 0x541B))}
OF_ITSELF = ("kill", "tgkill")  # signals, to itself alone


def known() -> bool:
    """Return whether the numbers above are this machine's."""
    return platform.machine() == MACHINE


def program(pid: int, *, writes: bool = False) -> bytes:
    """Return the filter for the process `pid`: any other call gives EPERM; another architecture's call kills."""
    restricted = COMMANDS | {name: (0, (pid,)) for name in OF_ITSELF} | {"prlimit64": (0, (0, pid))}
    steps = [(LOAD, 0, 0, ARCHITECTURE_OFFSET), (EQUALS, 1, 0, ARCHITECTURE), (RETURN, 0, 0, KILL)]
    steps.append((LOAD, 0, 0, NUMBER_OFFSET))
    for name, number in (NUMBERS | (WRITING if writes else {})).items():
        if name in restricted:
            index, values = restricted[name]
            steps += [(EQUALS, 0, 2 + 2 * len(values), number), (LOAD, 0, 0, ARGUMENTS_OFFSET + 8 * index)]
            for value in values:
                steps += [(EQUALS, 0, 1, value), (RETURN, 0, 0, ALLOW)]
            steps.append((RETURN, 0, 0, REFUSE | errno.EPERM))
        else:
            steps += [(EQUALS, 0, 1, number), (RETURN, 0, 0, ALLOW)]
    steps.append((RETURN, 0, 0, REFUSE | errno.EPERM))
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
