#pragma once

#if defined(__unix__) || defined(__APPLE__)
#include <signal.h>
#endif

namespace onednn_backend {

// While an instance exists, signals wait or another thread handles them. Threads that start meanwhile never handle any.
// oneDNN 2.6.3's sgemm for AVX-512 keeps addresses below the stack pointer, beyond the red zone of the ABI. A signal
// handler (Ctrl-C, a profiler's timer) overwrites them, and sgemm then writes to unrelated memory. Signals that the
// thread itself causes, such as SIGSEGV, are not blocked.
class SignalsHeldBack {
#if defined(__unix__) || defined(__APPLE__)
 public:
  SignalsHeldBack() {
    sigset_t held;
    sigfillset(&held);
    for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT}) sigdelset(&held, own);
    pthread_sigmask(SIG_BLOCK, &held, &before_);
  }
  ~SignalsHeldBack() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsHeldBack(const SignalsHeldBack&) = delete;
  SignalsHeldBack& operator=(const SignalsHeldBack&) = delete;

 private:
  sigset_t before_;
#endif
};

}  // namespace onednn_backend
