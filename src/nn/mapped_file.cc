#include "nn/mapped_file.h"

#include "base/descriptor.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace yanxing::nn {

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::filesystem::path &path) {
  const auto failed = [&path](int code) {
    return Error{"cannot read " + path.string() + ": " + std::strerror(code), ""};
  };
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) {
    return failed(errno);
  }
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return Error{"cannot read " + path.string() + ": it is not a file", ""};
  }
  const auto size = static_cast<std::size_t>(info.st_size);
  void *start = size == 0 ? nullptr : ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (start == MAP_FAILED) {
    return failed(errno);
  }
  return std::shared_ptr<const MappedFile>(new MappedFile({static_cast<const std::byte *>(start), size}));
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) {
    ::munmap(const_cast<std::byte *>(bytes_.data()), bytes_.size());
  }
}

void MappedFile::forget() const {
  if (!bytes_.empty()) {
    ::madvise(const_cast<std::byte *>(bytes_.data()), bytes_.size(), MADV_DONTNEED);
  }
}

} // namespace yanxing::nn
