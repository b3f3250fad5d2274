#include "child-process.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <mutex>
#include <streambuf>
#include <system_error>

namespace sentencepiece_addon {
namespace {

constexpr size_t kMostWords = 4096;

/**
 * The standard error of the child, a line at a time. A failed CHECK of the library, `file.cc(1) [condition] why`, and
 * the farewell after it are not printed: the first of them is the reason that the parent gives.
 */
class LibraryLog : public std::streambuf {
 public:
  explicit LibraryLog(char* last_words) : last_words_(last_words) {}

 protected:
  int_type overflow(int_type character) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (character != traits_type::eof()) Add(traits_type::to_char_type(character));
    return traits_type::not_eof(character);
  }
  std::streamsize xsputn(const char* text, std::streamsize size) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (std::streamsize i = 0; i < size; ++i) Add(text[i]);
    return size;
  }

 private:
  void Add(char character) {
    line_.push_back(character);
    if (character != '\n') return;
    if (IsFailedCheck()) {
      if (last_words_[0] == '\0') line_.copy(last_words_, std::min(line_.size() - 1, kMostWords - 1));
    } else if (last_words_[0] == '\0') {
      [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line_.data(), line_.size());
    }
    line_.clear();
  }
  bool IsFailedCheck() const {
    const size_t place = line_.find(".cc(");
    return place != std::string::npos && place < line_.find(' ') && line_.find(") [") < line_.find(") LOG(");
  }

  std::mutex mutex_;
  std::string line_;
  char* const last_words_;  // of kMostWords, zeros at first
};

/** What Node set for itself does not hold for the child, and the child does not outlive it. */
void LeaveNode(pid_t parent) {
  for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
  signal(SIGPIPE, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(EXIT_FAILURE);
  // Where the library calls exit, the destructors of Node, whose threads are not here, are not for the child.
  atexit([] { _exit(EXIT_FAILURE); });
}

}  // namespace

Connection::~Connection() { close(descriptor_); }

void Connection::Send(const void* bytes, size_t size) {
  auto* next = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t sent = send(descriptor_, next, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) throw Disconnected();
    next += sent;
    size -= static_cast<size_t>(sent);
  }
}

void Connection::Receive(void* bytes, size_t size) {
  auto* next = static_cast<char*>(bytes);
  while (size > 0) {
    const ssize_t received = recv(descriptor_, next, size, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received <= 0) throw Disconnected();
    next += received;
    size -= static_cast<size_t>(received);
  }
}

void Connection::SendText(const std::string& text) {
  SendValue<uint64_t>(text.size());
  Send(text.data(), text.size());
}

std::string Connection::ReceiveText() {
  std::string text(ReceiveValue<uint64_t>(), '\0');
  Receive(text.data(), text.size());
  return text;
}

ChildProcess::ChildProcess(const std::function<void(Connection&)>& body) {
  void* shared = mmap(nullptr, kMostWords, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "no memory for a process");
  last_words_ = static_cast<char*>(shared);
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    munmap(last_words_, kMostWords);
    throw std::system_error(errno, std::generic_category(), "no connection to a process");
  }
#if defined(__SANITIZE_ADDRESS__)
  // AddressSanitizer's allocator may be locked by another thread at a fork and stays so in the child: a thread does the
  // work.
  id_ = 0;
  connection_ = std::make_unique<Connection>(ends[0]);
  thread_ = std::thread([this, body, end = ends[1]] {
    LibraryLog log(last_words_);
    std::streambuf* const before = std::cerr.rdbuf(&log);
    try {
      Connection connection(end);
      body(connection);
    } catch (...) {  // the connection ends, which the other side notices
    }
    std::cerr.rdbuf(before);
  });
  return;
#endif
  const pid_t parent = getpid();
  id_ = fork();
  if (id_ == 0) {
    close(ends[0]);
    LeaveNode(parent);
    LibraryLog log(last_words_);
    std::cerr.rdbuf(&log);
    try {
      Connection connection(ends[1]);
      body(connection);
    } catch (...) {
      _exit(EXIT_FAILURE);
    }
    _exit(EXIT_SUCCESS);
  }
  const int failure = errno;
  close(ends[1]);
  connection_ = std::make_unique<Connection>(ends[0]);
  if (id_ < 0) {
    munmap(last_words_, kMostWords);
    throw std::system_error(failure, std::generic_category(), "no process");
  }
}

ChildProcess::~ChildProcess() {
#if defined(__SANITIZE_ADDRESS__)
  connection_.reset();
  if (thread_.joinable()) thread_.join();
#endif
  if (id_ > 0) {
    kill(id_, SIGKILL);
    waitpid(id_, nullptr, 0);
  }
  munmap(last_words_, kMostWords);
}

std::string ChildProcess::Reason() {
#if defined(__SANITIZE_ADDRESS__)
  if (thread_.joinable()) thread_.join();
  return last_words_[0] != '\0' ? last_words_ : "the library ended without a word";
#endif
  int status = 0;
  while (waitpid(id_, &status, 0) < 0 && errno == EINTR) continue;
  id_ = -1;
  if (last_words_[0] != '\0') return last_words_;
  if (WIFSIGNALED(status)) return std::string("the library was stopped: ") + strsignal(WTERMSIG(status));
  return "the library ended without a word";
}

}  // namespace sentencepiece_addon
