// A mail server on the loopback that does what a test tells it.
#pragma once

#include <arpa/inet.h>
#include <atomic>
#include <mutex>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace yanxing::action {

class SmtpServer {
public:
  enum class Mood { kTakes, kKnowsNobody, kBusy, kDiesAfterData };
  struct Mail {
    std::string to;
    std::string text;
  };

  SmtpServer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(socket_, reinterpret_cast<sockaddr *>(&address), size);
    ::listen(socket_, 8);
    ::getsockname(socket_, reinterpret_cast<sockaddr *>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  SmtpServer(const SmtpServer &) = delete;
  SmtpServer &operator=(const SmtpServer &) = delete;
  ~SmtpServer() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }

  std::atomic<Mood> mood = Mood::kTakes;
  [[nodiscard]] std::string url() const { return "smtp://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::vector<Mail> mails() {
    const std::lock_guard lock(mutex_);
    return mails_;
  }

private:
  void serve() {
    while (true) {
      const int client = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) {
        return;
      }
      talk(client);
      ::close(client);
    }
  }

  static bool read_until(int client, std::string &buffer, std::string_view end, std::string &text) {
    std::size_t at = 0;
    while ((at = buffer.find(end)) == std::string::npos) {
      char bytes[4096];
      const auto got = ::recv(client, bytes, sizeof bytes, 0);
      if (got <= 0) {
        return false;
      }
      buffer.append(bytes, static_cast<std::size_t>(got));
    }
    text = buffer.substr(0, at);
    buffer.erase(0, at + end.size());
    return true;
  }

  void talk(int client) {
    const auto say = [client](const std::string &line) {
      (void)::send(client, (line + "\r\n").data(), line.size() + 2, MSG_NOSIGNAL);
    };
    std::string buffer;
    std::string line;
    Mail mail;
    say("220 test");
    while (read_until(client, buffer, "\r\n", line)) {
      if (line.starts_with("RCPT")) {
        mail.to = line;
        say(mood == Mood::kKnowsNobody ? "550 nobody here" : "250 ok");
      } else if (line.starts_with("DATA")) {
        say("354 go ahead");
        if (!read_until(client, buffer, "\r\n.\r\n", mail.text) || mood == Mood::kDiesAfterData) {
          return;
        }
        if (mood == Mood::kTakes) {
          const std::lock_guard lock(mutex_);
          mails_.push_back(mail);
        }
        say(mood == Mood::kTakes ? "250 taken" : "451 later");
      } else if (line.starts_with("QUIT")) {
        say("221 bye");
        return;
      } else {
        say("250 ok");
      }
    }
  }

  int socket_;
  int port_ = 0;
  std::mutex mutex_;
  std::vector<Mail> mails_;
  std::thread thread_;
};

} // namespace yanxing::action
