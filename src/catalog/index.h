// Where packages lie: the index that pip, and the registry that npm, use on this machine. No address is written
// in yanxing: a user's mirror in China, or a company's own, is used just as pip and npm would.
#pragma once

#include "base/result.h"
#include "catalog/catalog.h"
#include "catalog/transfer.h"

#include <string>

namespace yanxing::catalog {

class PackageIndex {
public:
  // URL of the part's archive. Asks pip or npm once, then the index.
  Result<std::string> archive_url(const Part &part);

private:
  Result<std::string> base_url(const std::string &registry);
  std::string pypi_;
  std::string npm_;
};

// The file with this sha256 on a page of a "simple" index, JSON (PEP 691) or HTML (PEP 503); empty: not there.
std::string find_in_simple_index(const Page &page, const std::string &sha256);
// dist.tarball of a version's page of an npm registry; empty: not there.
std::string find_tarball(const Page &page);

} // namespace yanxing::catalog
