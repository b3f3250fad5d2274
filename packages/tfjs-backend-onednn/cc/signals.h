#pragma once

#if defined(__unix__) || defined(__APPLE__)
#include <signal.h>
#endif

namespace onednn_backend {

// While one lives, signals wait, or another thread handles them; threads that are started meanwhile never handle any.
// oneDNN's sgemm for AVX-512 (2.6.3) keeps addresses below the stack pointer, beyond what the ABI allows, and a handler
// that runs there (Ctrl-C, a profiler's clock) overwrites them: it then writes to foreign memory. Signals of what the
// thread itself does wrong, such as SIGSEGV, are left alone.
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
