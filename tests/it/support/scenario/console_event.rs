//! `console-event <event> <process id>`: sends a console event to one process, as Windows itself does it: with a thread in
//! that process that calls its handlers.
//!
//! `GenerateConsoleCtrlEvent` sends no close, and no Ctrl-C to a single process; and it needs a console, which a runner of
//! tests may lack.

use std::ffi::{c_char, c_void};
use std::io::Error;
use std::process::ExitCode;
use std::{env, ptr};

type Handle = *mut c_void;

#[link(name = "kernel32")]
unsafe extern "system" {
    fn OpenProcess(access: u32, inherit: i32, process: u32) -> Handle;
    fn GetModuleHandleA(name: *const c_char) -> Handle;
    fn GetProcAddress(module: Handle, name: *const c_char) -> Handle;
    fn CreateRemoteThread(
        process: Handle,
        security: Handle,
        stack: usize,
        start: Handle,
        argument: Handle,
        flags: u32,
        thread: *mut u32,
    ) -> Handle;
}

/// To create a thread, to read what the process is, and to use its memory.
const ACCESS: u32 = 0x0002 | 0x0400 | 0x0008 | 0x0010 | 0x0020;

fn main() -> ExitCode {
    let numbers: Vec<u32> = env::args().skip(1).map(|number| number.parse().expect("not a number")).collect();
    let [event, process] = numbers[..] else { panic!("an event and a process id are needed") };
    // SAFETY: the strings end with NUL, the other pointers may be null, and the library has the same address in every
    // process.
    let thread = unsafe {
        let process = OpenProcess(ACCESS, 0, process);
        let handlers = GetProcAddress(GetModuleHandleA(c"kernelbase.dll".as_ptr()), c"CtrlRoutine".as_ptr());
        if process.is_null() || handlers.is_null() {
            ptr::null_mut()
        } else {
            let event = ptr::without_provenance_mut(event as usize);
            CreateRemoteThread(process, ptr::null_mut(), 0, handlers, event, 0, ptr::null_mut())
        }
    };
    if thread.is_null() {
        eprintln!("failed to send event {event}: {}", Error::last_os_error());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
