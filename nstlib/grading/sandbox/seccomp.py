"""Seccomp, the kernel's filter on system calls: a child may do what is listed here, and all else is refused.

A list of what is allowed, because what the next kernel brings is then refused, too. By ctypes and struct: pyseccomp
(2021) needs libseccomp.so beside it, and building the same filter through it takes longer than the rest of the jail.
The numbers of x86_64 are tried; those of aarch64 are written down from the kernel's table and untried.
"""

import errno
import platform
import struct

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000, 0x80000000
LOAD, EQUALS, RETURN = 0x20, 0x15, 0x06
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16

NUMBERS = {
    "x86_64": dict(
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
    ),
    "aarch64": dict(
        getcwd=17, dup=23, dup3=24, fcntl=25, ioctl=29, statfs=43, fstatfs=44, faccessat=48, openat=56, close=57,
        pipe2=59, getdents64=61, lseek=62, read=63, write=64, readv=65, writev=66, pread64=67, pwrite64=68,
        pselect6=72, ppoll=73, readlinkat=78, newfstatat=79, fstat=80, exit=93, exit_group=94, set_tid_address=96,
        futex=98, set_robust_list=99, get_robust_list=100, nanosleep=101, getitimer=102, setitimer=103,
        clock_gettime=113, clock_getres=114, clock_nanosleep=115, sched_getaffinity=123, sched_yield=124,
        restart_syscall=128, kill=129, tgkill=131, sigaltstack=132, rt_sigaction=134, rt_sigprocmask=135,
        rt_sigreturn=139, times=153, getgroups=158, uname=160, getrlimit=163, getrusage=165, umask=166, getcpu=168,
        gettimeofday=169, getpid=172, getppid=173, getuid=174, geteuid=175, getgid=176, getegid=177, gettid=178,
        sysinfo=179, brk=214, munmap=215, mremap=216, mmap=222, mprotect=226, mincore=232, madvise=233, prlimit64=261,
        getrandom=278, membarrier=283, statx=291, rseq=293, close_range=436, faccessat2=439,
    ),
}  # fmt: skip
# Of these only some values of an argument are allowed. fcntl: to copy a descriptor, and its flags, not to have signals
# sent to others. ioctl: is it a terminal, close-on-exec, how much is there to read. Signals and limits: its own.
COMMANDS = {"fcntl": (1, (0, 1, 2, 3, 4, 1030)), "ioctl": (1, (0x5401, 0x5450, 0x5451, 0x541B))}
OF_ITSELF = ("kill", "tgkill", "prlimit64")


def known() -> bool:
    """Return whether the machine is one whose numbers stand here."""
    return platform.machine() in ARCHITECTURES


def program(pid: int) -> bytes:
    """Return the filter for the process `pid`: every other call gives EPERM; another architecture's kills."""
    machine = platform.machine()
    special = COMMANDS | {name: (0, (pid,)) for name in OF_ITSELF} | {"prlimit64": (0, (0, pid))}
    steps = [(LOAD, 0, 0, ARCHITECTURE), (EQUALS, 1, 0, ARCHITECTURES[machine]), (RETURN, 0, 0, KILL)]
    steps.append((LOAD, 0, 0, NUMBER))
    for name, number in NUMBERS[machine].items():
        if name in special:
            place, values = special[name]
            steps += [(EQUALS, 0, 2 + 2 * len(values), number), (LOAD, 0, 0, ARGUMENTS + 8 * place)]
            for value in values:
                steps += [(EQUALS, 0, 1, value), (RETURN, 0, 0, ALLOW)]
            steps.append((RETURN, 0, 0, REFUSE | errno.EPERM))
        else:
            steps += [(EQUALS, 0, 1, number), (RETURN, 0, 0, ALLOW)]
    steps.append((RETURN, 0, 0, REFUSE | errno.EPERM))
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
