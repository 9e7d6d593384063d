// A web server on the loopback for tests: pages by path, ranges, and an answer that breaks off once.
#pragma once

#include <arpa/inet.h>
#include <atomic>
#include <map>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace yanxing::catalog {

class WebServer {
public:
  struct Content {
    std::string type;
    std::string body;
    std::size_t breaks_after = 0; // the first answer ends after so many bytes; 0: whole
  };

  WebServer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(socket_, reinterpret_cast<sockaddr *>(&address), size);
    ::listen(socket_, 8);
    ::getsockname(socket_, reinterpret_cast<sockaddr *>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~WebServer() {
    stopping_ = true;
    ::shutdown(socket_, SHUT_RDWR);
    if (thread_.joinable()) {
      thread_.join();
    }
    ::close(socket_);
  }
  WebServer(const WebServer &) = delete;
  WebServer &operator=(const WebServer &) = delete;

  // Before start() only.
  void add(const std::string &path, Content content) { contents_[path] = std::move(content); }
  void start() {
    thread_ = std::thread([this] { serve(); });
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  // "GET /path bytes=…" of every request; call when no request runs.
  [[nodiscard]] const std::vector<std::string> &requests() const { return requests_; }

private:
  void serve() {
    while (!stopping_) {
      const int client = ::accept(socket_, nullptr, nullptr);
      if (client < 0) {
        return;
      }
      answer(client);
      ::close(client);
    }
  }

  static std::string read_request(int client) {
    std::string request;
    char buffer[4096];
    while (request.find("\r\n\r\n") == std::string::npos) {
      const auto got = ::recv(client, buffer, sizeof buffer, 0);
      if (got <= 0) {
        break;
      }
      request.append(buffer, static_cast<std::size_t>(got));
    }
    return request;
  }

  static void send_all(int client, std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) {
        return;
      }
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  void answer(int client) {
    const auto request = read_request(client);
    const auto path = request.substr(4, request.find(' ', 4) - 4);
    const auto range = request.find("Range: bytes=");
    const std::size_t from = range == std::string::npos ? 0 : std::stoul(request.substr(range + 13));
    requests_.push_back("GET " + path + (from > 0 ? " from " + std::to_string(from) : ""));
    const auto found = contents_.find(path);
    if (found == contents_.end()) {
      send_all(client, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      return;
    }
    auto &content = found->second;
    std::string_view body = content.body;
    body.remove_prefix(std::min(from, body.size()));
    std::string head = from > 0 ? "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes " + std::to_string(from) + "-" +
                                      std::to_string(content.body.size() - 1) + "/" +
                                      std::to_string(content.body.size()) + "\r\n"
                                : "HTTP/1.1 200 OK\r\n";
    head += "Content-Type: " + content.type + "\r\nContent-Length: " + std::to_string(body.size()) +
            "\r\nConnection: close\r\n\r\n";
    send_all(client, head);
    send_all(client, content.breaks_after > 0 ? body.substr(0, content.breaks_after) : body);
    content.breaks_after = 0;
  }

  int socket_;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::map<std::string, Content> contents_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

} // namespace yanxing::catalog
