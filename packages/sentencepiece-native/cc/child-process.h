#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace sentencepiece_addon {

/** One end of a connection between two processes. Sending to or receiving from one that ended throws Disconnected. */
class Connection {
 public:
  explicit Connection(int descriptor) : descriptor_(descriptor) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Send(const void* bytes, size_t size);
  void Receive(void* bytes, size_t size);

  template <typename T>
  void SendValue(T value) {
    Send(&value, sizeof(value));
  }
  template <typename T>
  T ReceiveValue() {
    T value;
    Receive(&value, sizeof(value));
    return value;
  }
  void SendText(const std::string& text);
  std::string ReceiveText();

 private:
  int descriptor_;
};

struct Disconnected {};

/**
 * A copy of this process that runs `body` and ends. Whatever ends it, a call of exit or a signal, this process goes on.
 * The library's log goes to stderr; its last words, why it ended the process, are kept for Reason.
 */
class ChildProcess {
 public:
  explicit ChildProcess(const std::function<void(Connection&)>& body);
  /** Ends the child if it still runs. */
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  Connection& connection() { return *connection_; }
  /** Waits for the end of a child that broke off the connection. */
  std::string Reason();

 private:
  pid_t id_ = -1;
  std::unique_ptr<Connection> connection_;
  char* last_words_ = nullptr;  // memory shared with the child, a zero byte behind the text
#if defined(__SANITIZE_ADDRESS__)
  std::thread thread_;  // in place of a child
#endif
};

}  // namespace sentencepiece_addon
