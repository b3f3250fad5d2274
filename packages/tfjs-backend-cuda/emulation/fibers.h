#pragma once

#include <setjmp.h>
#include <ucontext.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

// Threads of a block as fibers: one runs at a time, until it waits or ends. They are kept from block to block, because
// making one takes longer than a small kernel.
namespace emulation {

#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t kStackBytes = 256 << 10;
#else
constexpr std::size_t kStackBytes = 64 << 10;
#endif

constexpr unsigned kMostFibers = 1024;

// Both return to where they were called. They take no system call, unlike swapcontext, which takes longer than a thread
// of a small kernel.
inline void switch_places(jmp_buf& from, jmp_buf& to) {
  if (_setjmp(from) == 0) _longjmp(to, 1);
}
inline void enter_context(jmp_buf& from, ucontext_t& to) {
  if (_setjmp(from) == 0) setcontext(&to);
}

// Tells AddressSanitizer that the stack changes. Without it, nothing happens.
class StackSwitch {
 public:
#if defined(__SANITIZE_ADDRESS__)
  void leave(const void* bottom, std::size_t bytes) { __sanitizer_start_switch_fiber(&fake_stack_, bottom, bytes); }
  void arrive(const void** bottom, std::size_t* bytes) { __sanitizer_finish_switch_fiber(fake_stack_, bottom, bytes); }

 private:
  void* fake_stack_ = nullptr;
#else
  void leave(const void*, std::size_t) {}
  void arrive(const void**, std::size_t*) {}
#endif
};

class Fibers {
 public:
  using Body = void (*)();

  // Every fiber runs `body` each time it is started.
  explicit Fibers(Body body) : body_(body) {}

  // Prepares this many fibers, at most kMostFibers; none has started.
  void prepare(unsigned count) {
    fibers_.reserve(kMostFibers);  // fibers that wait refer to their element
    if (fibers_.size() < count) fibers_.resize(count);
    for (unsigned i = 0; i < count; ++i) fibers_[i].is_done = false;
    current_ = 0;
  }

  // Forgets all fibers, wherever they wait.
  void abandon() { fibers_.clear(); }

  // The fiber that runs, or ran last.
  unsigned current() const { return current_; }
  bool is_done(unsigned id) const { return fibers_[id].is_done; }

  // Runs a fiber until it pauses or ends.
  void resume(unsigned id) {
    current_ = id;
    Fiber& fiber = fibers_[id];
    if (fiber.stack == nullptr) {
      start(fiber);
    } else {
      scheduler_switch_.leave(fiber.stack.get(), kStackBytes);
      switch_places(scheduler_, fiber.place);
    }
    scheduler_switch_.arrive(nullptr, nullptr);
  }

  // Returns from `resume`, until the next `resume` of this fiber.
  void pause() {
    Fiber& fiber = fibers_[current_];
    fiber.stack_switch.leave(scheduler_bottom_, scheduler_bytes_);
    switch_places(fiber.place, scheduler_);
    fiber.stack_switch.arrive(&scheduler_bottom_, &scheduler_bytes_);
  }

 private:
  struct Fiber {
    std::unique_ptr<char[]> stack;  // null until the fiber has started
    jmp_buf place;
    bool is_done = false;
    StackSwitch stack_switch;
  };

  void start(Fiber& fiber) {
    fiber.stack.reset(new char[kStackBytes]);
    scheduler_switch_.leave(fiber.stack.get(), kStackBytes);
    starting_ = this;
    ucontext_t context;
    getcontext(&context);
    context.uc_stack.ss_sp = fiber.stack.get();
    context.uc_stack.ss_size = kStackBytes;
    context.uc_link = nullptr;
    makecontext(&context, &Fibers::enter, 0);
    enter_context(scheduler_, context);
  }

  static void enter() {
    Fibers& fibers = *starting_;
    fibers.fibers_[fibers.current_].stack_switch.arrive(&fibers.scheduler_bottom_, &fibers.scheduler_bytes_);
    for (;;) {
      fibers.body_();
      fibers.fibers_[fibers.current_].is_done = true;
      fibers.pause();
    }
  }

  static inline Fibers* starting_ = nullptr;

  Body body_;
  std::vector<Fiber> fibers_;
  unsigned current_ = 0;
  jmp_buf scheduler_;
  StackSwitch scheduler_switch_;
  const void* scheduler_bottom_ = nullptr;
  std::size_t scheduler_bytes_ = 0;
};

}  // namespace emulation
