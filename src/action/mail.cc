#include "action/mail.h"

#include "base/files.h"
#include "base/log.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <ctime>
#include <curl/curl.h>
#include <fcntl.h>
#include <memory>
#include <random>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace yanxing::action {
namespace fs = std::filesystem;
namespace {

std::string base64(const std::string &bytes, std::size_t line_length) {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  std::size_t column = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const auto left = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k) {
      group = (group << 8U) | (k < left ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      out += k <= left ? kAlphabet[(group >> (18U - 6U * k)) & 0x3FU] : '=';
    }
    column += 4;
    if (line_length > 0 && column >= line_length) {
      out += "\r\n";
      column = 0;
    }
  }
  return out;
}

// A header value must not hold a line break: whatever is said or shown cannot add a header.
std::string one_line(std::string text) {
  std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  return text;
}

std::string encoded_word(const std::string &text) {
  const auto clean = one_line(text);
  const bool ascii = std::all_of(clean.begin(), clean.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return ascii ? clean : "=?UTF-8?B?" + base64(clean, 0) + "?=";
}

std::string percent_encoded(const std::string &text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : one_line(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '.' || c == '-' || c == '_') {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xFU];
    }
  }
  return out;
}

std::string token(std::size_t length) {
  static constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789";
  std::random_device random;
  std::string out;
  for (std::size_t i = 0; i < length; ++i) {
    out += kLetters[random() % kLetters.size()];
  }
  return out;
}

std::string date_now() {
  const auto now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S %z", &local);
  return text.data();
}

bool valid_address(const std::string &address) {
  const auto at = address.find('@');
  return at != std::string::npos && at > 0 && at + 1 < address.size() && address.find('@', at + 1) == std::string::npos &&
         std::none_of(address.begin(), address.end(), [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == '<' || c == '>' || c == ','; });
}

struct CurlCloser {
  void operator()(CURL *handle) const { curl_easy_cleanup(handle); }
};
struct ListCloser {
  void operator()(curl_slist *list) const { curl_slist_free_all(list); }
};

struct Upload {
  std::string_view left;
};
std::size_t feed(char *buffer, std::size_t size, std::size_t count, void *user) {
  auto *upload = static_cast<Upload *>(user);
  const auto bytes = std::min(size * count, upload->left.size());
  std::memcpy(buffer, upload->left.data(), bytes);
  upload->left.remove_prefix(bytes);
  return bytes;
}

bool is_loopback(const std::string &url) {
  const auto start = url.find("://");
  const auto host = url.substr(start == std::string::npos ? 0 : start + 3);
  return host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]");
}

Result<std::string> password(const Settings &settings) {
  if (settings.smtp_password_file.empty()) {
    return std::string();
  }
  struct stat info {};
  if (::stat(settings.smtp_password_file.c_str(), &info) == 0 && (info.st_mode & 077U) != 0) {
    return Error{settings.smtp_password_file + " can be read by others", "Run: chmod 600 " + settings.smtp_password_file};
  }
  auto text = read_file(settings.smtp_password_file, 4096);
  if (text) {
    while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) {
      text->pop_back();
    }
  }
  return text;
}

Status send(const std::string &message, const std::string &to, const Settings &settings) {
  const std::unique_ptr<CURL, CurlCloser> curl(curl_easy_init());
  const auto secret = password(settings);
  if (!secret) {
    return secret.error();
  }
  Upload upload{message};
  std::array<char, CURL_ERROR_SIZE> reason{};
  const std::unique_ptr<curl_slist, ListCloser> recipients(curl_slist_append(nullptr, ("<" + to + ">").c_str()));
  const auto from = "<" + one_line(settings.smtp_from) + ">";
  curl_easy_setopt(curl.get(), CURLOPT_URL, settings.smtp_url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(curl.get(), CURLOPT_MAIL_FROM, from.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_MAIL_RCPT, recipients.get());
  curl_easy_setopt(curl.get(), CURLOPT_READFUNCTION, feed);
  curl_easy_setopt(curl.get(), CURLOPT_READDATA, &upload);
  curl_easy_setopt(curl.get(), CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT, 10L);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, 120L);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, reason.data());
  // A password or a letter never crosses a network in the clear.
  curl_easy_setopt(curl.get(), CURLOPT_USE_SSL, static_cast<long>(is_loopback(settings.smtp_url) ? CURLUSESSL_TRY : CURLUSESSL_ALL));
  if (!settings.smtp_user.empty()) {
    curl_easy_setopt(curl.get(), CURLOPT_USERNAME, settings.smtp_user.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_PASSWORD, secret->c_str());
  }
  const auto code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) {
    return Error{"the mail server did not take the message: " + std::string(reason[0] != 0 ? reason.data() : curl_easy_strerror(code)), ""};
  }
  return {};
}

// Held while a message is tried, so that two processes never send the same one.
class QueueLock {
public:
  explicit QueueLock(const fs::path &folder) {
    std::error_code code;
    fs::create_directories(folder, code);
    fd_ = ::open((folder / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd_ >= 0) {
      ::flock(fd_, LOCK_EX);
    }
  }
  QueueLock(const QueueLock &) = delete;
  QueueLock &operator=(const QueueLock &) = delete;
  ~QueueLock() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }

private:
  int fd_ = -1;
};

// The envelope's recipient stands in the message itself.
std::string recipient_of(const std::string &message) {
  static constexpr std::string_view kHeader = "X-Yanxing-To: ";
  const auto at = message.find(kHeader);
  return at == std::string::npos ? "" : message.substr(at + kHeader.size(), message.find('\r', at) - at - kHeader.size());
}

Status try_to_send(const fs::path &file, const Settings &settings, const fs::path &state) {
  const auto message = read_file(file);
  if (!message) {
    return message.error();
  }
  if (auto sent = send(*message, recipient_of(*message), settings); !sent) {
    return sent;
  }
  std::error_code code;
  fs::create_directories(state / "sent", code);
  fs::rename(file, state / "sent" / file.filename(), code);
  if (code) {
    fs::remove(file, code); // it was delivered: it must not go out again
  }
  return {};
}

} // namespace

std::string compose(const Letter &letter, const std::string &from) {
  const auto boundary = "=_yanxing_" + token(24);
  const auto line = [](const std::string &key, const std::string &value) { return key + ": " + value + "\r\n"; };
  std::string message = line("From", "<" + one_line(from) + ">");
  message += line("To", (letter.to_name.empty() ? "" : encoded_word(letter.to_name) + " ") + "<" + one_line(letter.to) + ">");
  message += line("X-Yanxing-To", one_line(letter.to));
  message += line("Subject", encoded_word(letter.subject));
  message += line("Date", date_now());
  message += line("Message-ID", "<" + token(24) + "@yanxing.invalid>");
  message += line("MIME-Version", "1.0");
  message += line("Content-Type", "multipart/mixed; boundary=\"" + boundary + "\"") + "\r\n";
  message += "--" + boundary + "\r\n" + line("Content-Type", "text/plain; charset=utf-8");
  message += line("Content-Transfer-Encoding", "base64") + "\r\n" + base64(letter.text, 76) + "\r\n";
  if (!letter.attachment.name.empty()) {
    const auto name = percent_encoded(letter.attachment.name);
    message += "--" + boundary + "\r\n";
    message += line("Content-Type", one_line(letter.attachment.type) + "; name*=UTF-8''" + name);
    message += line("Content-Disposition", "attachment; filename*=UTF-8''" + name);
    message += line("Content-Transfer-Encoding", "base64") + "\r\n" + base64(letter.attachment.bytes, 76) + "\r\n";
  }
  return message + "--" + boundary + "--\r\n";
}

Result<Posted> post(const Letter &letter, const Settings &settings, const fs::path &state) {
  if (!valid_address(letter.to)) {
    return Error{"\"" + letter.to + "\" is not a mail address", "Correct it in the contacts"};
  }
  const auto name = std::to_string(std::chrono::system_clock::now().time_since_epoch().count()) + "." + token(8) + ".yanxing";
  const auto message = compose(letter, settings.smtp_from);
  if (settings.smtp_url.empty()) {
    const auto maildir = state / "outbox";
    std::error_code code;
    for (const auto *part : {"tmp", "new", "cur"}) {
      fs::create_directories(maildir / part, code);
    }
    if (auto written = write_file(maildir / "tmp" / name, message, 0600); !written) {
      return written.error();
    }
    fs::rename(maildir / "tmp" / name, maildir / "new" / name, code);
    return code ? Result<Posted>(Error{"cannot write to the outbox: " + code.message(), ""}) : Posted{Delivery::kOutbox, maildir / "new" / name, ""};
  }
  const auto queue = state / "queue";
  const QueueLock lock(queue);
  const auto file = queue / (name + ".eml");
  if (auto written = write_file(file, message, 0600); !written) {
    return written.error();
  }
  if (auto sent = try_to_send(file, settings, state); !sent) {
    return Posted{Delivery::kQueued, file, sent.error().message()};
  }
  return Posted{Delivery::kSent, state / "sent" / file.filename(), ""};
}

int flush_queue(const Settings &settings, const fs::path &state) {
  std::error_code code;
  if (settings.smtp_url.empty() || !fs::exists(state / "queue", code)) {
    return 0;
  }
  const QueueLock lock(state / "queue");
  std::vector<fs::path> waiting;
  for (const auto &entry : fs::directory_iterator(state / "queue", code)) {
    if (entry.path().extension() == ".eml") {
      waiting.push_back(entry.path());
    }
  }
  std::sort(waiting.begin(), waiting.end());
  int sent = 0;
  for (const auto &file : waiting) {
    if (auto tried = try_to_send(file, settings, state); !tried) {
      log_info("a mail still waits: " + tried.error().message());
      break; // the server is away for all of them
    }
    ++sent;
  }
  return sent;
}

} // namespace yanxing::action
