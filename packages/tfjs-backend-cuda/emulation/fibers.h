#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

#if !defined(__x86_64__)
#include <setjmp.h>
#include <ucontext.h>
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

// Where a fiber or the scheduler has stopped. `enter` starts a function on a new stack, `switch_to` continues where
// another place has stopped; both return when something switches back to `from`.
#if defined(__x86_64__)
// Saves what a call preserves on the stack. setjmp and longjmp do the same, but glibc's longjmp takes ten times as
// long.
class Place {
 public:
  static void switch_to(Place& from, Place& to) { exchange_stacks(&from.stack_, to.stack_); }

  static void enter(Place& from, char* stack, std::size_t bytes, void (*function)()) {
    auto* top =
        reinterpret_cast<std::uintptr_t*>(reinterpret_cast<std::uintptr_t>(stack + bytes) & ~std::uintptr_t{15});
    // A function finds its stack aligned to 16 bytes, less the address to which it returns; this one does not return.
    *--top = 0;
    *--top = reinterpret_cast<std::uintptr_t>(function);
    for (int saved = 0; saved < 6; ++saved) *--top = 0;
    exchange_stacks(&from.stack_, top);
  }

 private:
  __attribute__((naked, noinline)) static void exchange_stacks(void** /*from: rdi*/, void* /*to: rsi*/) {
    asm("pushq %rbp\n\t"
        "pushq %rbx\n\t"
        "pushq %r12\n\t"
        "pushq %r13\n\t"
        "pushq %r14\n\t"
        "pushq %r15\n\t"
        "movq %rsp, (%rdi)\n\t"
        "movq %rsi, %rsp\n\t"
        "popq %r15\n\t"
        "popq %r14\n\t"
        "popq %r13\n\t"
        "popq %r12\n\t"
        "popq %rbx\n\t"
        "popq %rbp\n\t"
        "ret");
  }

  void* stack_ = nullptr;
};
#else
class Place {
 public:
  static void switch_to(Place& from, Place& to) {
    if (_setjmp(from.jump_) == 0) _longjmp(to.jump_, 1);
  }

  static void enter(Place& from, char* stack, std::size_t bytes, void (*function)()) {
    if (_setjmp(from.jump_) != 0) return;
    ucontext_t context;
    getcontext(&context);
    context.uc_stack.ss_sp = stack;
    context.uc_stack.ss_size = bytes;
    context.uc_link = nullptr;
    makecontext(&context, function, 0);
    setcontext(&context);
  }

 private:
  jmp_buf jump_;
};
#endif

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
    const bool is_new = fiber.stack == nullptr;
    if (is_new) fiber.stack.reset(new char[kStackBytes]);
    scheduler_switch_.leave(fiber.stack.get(), kStackBytes);
    if (is_new) {
      starting_ = this;
      Place::enter(scheduler_, fiber.stack.get(), kStackBytes, &Fibers::run);
    } else {
      Place::switch_to(scheduler_, fiber.place);
    }
    scheduler_switch_.arrive(nullptr, nullptr);
  }

  // Returns from `resume`, until the next `resume` of this fiber.
  void pause() {
    Fiber& fiber = fibers_[current_];
    fiber.stack_switch.leave(scheduler_bottom_, scheduler_bytes_);
    Place::switch_to(fiber.place, scheduler_);
    fiber.stack_switch.arrive(&scheduler_bottom_, &scheduler_bytes_);
  }

 private:
  struct Fiber {
    std::unique_ptr<char[]> stack;  // null until the fiber has started
    Place place;
    bool is_done = false;
    StackSwitch stack_switch;
  };

  // What a fiber does: its body, again and again.
  static void run() {
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
  Place scheduler_;
  StackSwitch scheduler_switch_;
  const void* scheduler_bottom_ = nullptr;
  std::size_t scheduler_bytes_ = 0;
};

}  // namespace emulation
