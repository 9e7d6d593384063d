#include "action/mail.h"

#include "action/web.h"
#include "base/files.h"
#include "base/log.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <curl/curl.h>
#include <fcntl.h>
#include <random>
#include <sys/file.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace yanxing::action {
namespace fs = std::filesystem;
namespace {

bool valid_address(const std::string &address) {
  const auto at = address.find('@');
  constexpr std::size_t kLongest = 254; // RFC 5321, section 4.5.3.1
  return at != std::string::npos && at > 0 && at + 1 < address.size() && address.size() <= kLongest &&
         address.find('@', at + 1) == std::string::npos && std::none_of(address.begin(), address.end(), [](char c) {
           return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F ||
                  std::string_view("<>,;:\"()[]\\").find(c) != std::string_view::npos;
         });
}

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

Result<std::string> password(const Settings &settings) {
  if (settings.smtp_password_file.empty()) {
    return std::string();
  }
  struct stat info {};
  if (::stat(settings.smtp_password_file.c_str(), &info) == 0 && (info.st_mode & 077U) != 0) {
    return Error{settings.smtp_password_file + " can be read by others",
                 "Run: chmod 600 " + settings.smtp_password_file};
  }
  auto text = read_file(settings.smtp_password_file, 4096);
  if (text) {
    while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) {
      text->pop_back();
    }
  }
  return text;
}

struct Attempt {
  enum class Result { kTaken, kAway, kRefused, kUnknown }; // kUnknown: handed over, and then no answer
  Result result = Result::kAway;
  std::string reason;
};

// What the failure means for this message. 5xx is a final no to it, except where the quarrel is about logging in.
Attempt::Result meaning_of(CURLcode code, long answer, bool handed_over) {
  const bool about_login = code == CURLE_LOGIN_DENIED || code == CURLE_USE_SSL_FAILED || answer == 530 ||
                           answer == 534 || answer == 535 || answer == 538;
  if (answer >= 500 && answer < 600 && !about_login) {
    return Attempt::Result::kRefused;
  }
  const bool silent = answer < 400; // the last answer was "354 go ahead"
  return handed_over && silent ? Attempt::Result::kUnknown : Attempt::Result::kAway;
}

Attempt send(const std::string &message, const std::string &to, const Settings &settings) {
  const auto secret = password(settings);
  if (!secret) {
    return {Attempt::Result::kAway, secret.error().message()};
  }
  const CurlHandle curl(curl_easy_init());
  Upload upload{message};
  std::array<char, CURL_ERROR_SIZE> reason{};
  const CurlList recipients(curl_slist_append(nullptr, ("<" + to + ">").c_str()));
  auto from = settings.smtp_from;
  std::erase_if(from, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == '<' || c == '>'; });
  from = "<" + from + ">";
  curl_easy_setopt(curl.get(), CURLOPT_URL, settings.smtp_url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(curl.get(), CURLOPT_NOPROXY, kLoopbackHosts);
  curl_easy_setopt(curl.get(), CURLOPT_MAIL_FROM, from.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_MAIL_RCPT, recipients.get());
  curl_easy_setopt(curl.get(), CURLOPT_READFUNCTION, feed);
  curl_easy_setopt(curl.get(), CURLOPT_READDATA, &upload);
  curl_easy_setopt(curl.get(), CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT, 10L);
  curl_easy_setopt(curl.get(), CURLOPT_SERVER_RESPONSE_TIMEOUT, 30L);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, 120L);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, reason.data());
  // A password or a letter never crosses a network in the clear.
  const bool stays_here = is_loopback(host_of(settings.smtp_url));
  curl_easy_setopt(curl.get(), CURLOPT_USE_SSL, static_cast<long>(stays_here ? CURLUSESSL_TRY : CURLUSESSL_ALL));
  if (!settings.smtp_user.empty()) {
    curl_easy_setopt(curl.get(), CURLOPT_USERNAME, settings.smtp_user.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_PASSWORD, secret->c_str());
  }
  const auto code = curl_easy_perform(curl.get());
  if (code == CURLE_OK) {
    return {Attempt::Result::kTaken, ""};
  }
  long answer = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &answer);
  return {meaning_of(code, answer, upload.left.empty()),
          "the mail server did not take the message: " +
              std::string(reason[0] != 0 ? reason.data() : curl_easy_strerror(code))};
}

// Held while messages are tried or taken back, so that two processes never send the same one.
class QueueLock {
public:
  QueueLock(const fs::path &folder, std::chrono::milliseconds patience) {
    std::error_code code;
    fs::create_directories(folder, code);
    fd_ = ::open((folder / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (fd_ >= 0 && ::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      if (std::chrono::steady_clock::now() >= deadline) {
        ::close(std::exchange(fd_, -1));
      } else {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    }
  }
  QueueLock(const QueueLock &) = delete;
  QueueLock &operator=(const QueueLock &) = delete;
  ~QueueLock() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  [[nodiscard]] bool held() const { return fd_ >= 0; }

private:
  int fd_ = -1;
};

std::string recipient_of(const std::string &message) {
  const auto start = std::string(kEnvelopeHeader) + ": ";
  const auto end = message.find('\r');
  return message.starts_with(start) && end != std::string::npos ? message.substr(start.size(), end - start.size()) : "";
}

void move_to(const fs::path &folder, const fs::path &file) {
  std::error_code code;
  fs::create_directories(folder, code);
  fs::rename(file, folder / file.filename(), code);
  if (code) {
    fs::remove(file, code); // its fate is known: it must not go out again
  }
}

fs::path mark_of(const fs::path &file) { return fs::path(file).replace_extension(".attempted"); }

Attempt try_to_send(const fs::path &file, const Settings &settings, const fs::path &state) {
  const auto message = read_file(file);
  if (!message) {
    return {Attempt::Result::kAway, message.error().message()};
  }
  const auto mark = mark_of(file);
  std::error_code code;
  if (fs::exists(mark, code)) {
    log_warning("the last attempt to mail " + file.filename().string() +
                " ended without an answer; it is sent again under the same Message-ID and may arrive twice");
  } else if (auto marked = write_file(mark, "", 0600); !marked) {
    return {Attempt::Result::kAway, marked.error().message()};
  }
  auto attempt = send(*message, recipient_of(*message), settings);
  if (attempt.result == Attempt::Result::kTaken || attempt.result == Attempt::Result::kRefused) {
    move_to(state / (attempt.result == Attempt::Result::kTaken ? "sent" : "refused"), file);
  }
  if (attempt.result != Attempt::Result::kUnknown) {
    fs::remove(mark, code);
  }
  return attempt;
}

std::string fresh_name() {
  std::random_device random;
  const auto moment = std::chrono::system_clock::now().time_since_epoch().count();
  return std::to_string(moment) + "." + std::to_string(::getpid()) + "_" + std::to_string(random()) + ".yanxing";
}

Result<Posted> put_into_outbox(const std::string &message, const fs::path &maildir) {
  std::error_code code;
  for (const auto *part : {"tmp", "new", "cur"}) {
    fs::create_directories(maildir / part, code);
  }
  const auto name = fresh_name();
  if (auto written = write_file(maildir / "tmp" / name, message, 0600); !written) {
    return written.error();
  }
  fs::rename(maildir / "tmp" / name, maildir / "new" / name, code);
  if (code) {
    return Error{"cannot write to the outbox: " + code.message(), ""};
  }
  return Posted{Delivery::kOutbox, maildir / "new" / name, ""};
}

std::vector<fs::path> waiting(const fs::path &state) {
  std::vector<fs::path> files;
  std::error_code code;
  for (const auto &entry : fs::directory_iterator(state / "queue", code)) {
    if (entry.path().extension() == ".eml") {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

} // namespace

Result<Posted> post(const Letter &letter, const Settings &settings, const fs::path &state) {
  if (!valid_address(letter.to)) {
    return Error{"\"" + letter.to + "\" is not a mail address", "Correct it in the contacts"};
  }
  const auto message = compose(letter, settings.smtp_from);
  if (settings.smtp_url.empty()) {
    return put_into_outbox(message, state / "outbox");
  }
  const auto file = state / "queue" / (fresh_name() + ".eml");
  if (auto written = write_file(file, message, 0600); !written) {
    return written.error();
  }
  const QueueLock lock(state / "queue", std::chrono::seconds(3));
  if (!lock.held()) { // whoever holds it is at the queue this moment; the next flush takes this one along
    return Posted{Delivery::kQueued, file, "another mail is being sent"};
  }
  std::error_code code;
  if (!fs::exists(file, code)) {
    return Posted{Delivery::kSent, state / "sent" / file.filename(), ""}; // a flush was faster
  }
  const auto attempt = try_to_send(file, settings, state);
  if (attempt.result == Attempt::Result::kRefused) {
    return Error{attempt.reason, "It is kept in " + (state / "refused" / file.filename()).string()};
  }
  if (attempt.result != Attempt::Result::kTaken) {
    return Posted{Delivery::kQueued, file, attempt.reason};
  }
  return Posted{Delivery::kSent, state / "sent" / file.filename(), ""};
}

int flush_queue(const Settings &settings, const fs::path &state) {
  if (settings.smtp_url.empty() || waiting(state).empty()) {
    return 0;
  }
  const QueueLock lock(state / "queue", std::chrono::milliseconds(0));
  int sent = 0;
  for (const auto &file : lock.held() ? waiting(state) : std::vector<fs::path>{}) {
    const auto attempt = try_to_send(file, settings, state);
    if (attempt.result == Attempt::Result::kRefused) {
      log_warning("a mail was refused and lies in " + (state / "refused" / file.filename()).string() + ": " +
                  attempt.reason);
    } else if (attempt.result != Attempt::Result::kTaken) {
      log_info("a mail still waits: " + attempt.reason);
      break; // the server is away for all of them
    } else {
      ++sent;
    }
  }
  return sent;
}

std::chrono::seconds retry_after(int failures) {
  constexpr int kMostDoublings = 7;
  const auto delay = std::chrono::seconds(30) * (1 << std::clamp(failures - 1, 0, kMostDoublings));
  return std::min<std::chrono::seconds>(delay, std::chrono::hours(1));
}

bool mail_waits(const fs::path &state) { return !waiting(state).empty(); }

Status withdraw(const fs::path &file, const fs::path &state) {
  const QueueLock lock(state / "queue", std::chrono::milliseconds(0));
  if (!lock.held()) {
    return Error{"mail is being sent at this moment", "Try again"};
  }
  std::error_code code;
  const bool attempted = fs::exists(mark_of(file), code);
  if (!fs::remove(file, code)) {
    return Error{"the mail has been delivered", ""};
  }
  fs::remove(mark_of(file), code);
  return attempted ? Status(Error{"the mail may have been delivered: its last attempt ended without an answer",
                                  "It is not tried again"})
                   : Status();
}

} // namespace yanxing::action
