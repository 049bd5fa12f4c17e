#pragma once
// Private to store: the three texts of an exchange that full text indexes: the request, the
// replies, and the work (commands, paths and error lines), each clipped. Pure.

#include <string>

#include "domain/session.h"

namespace tacit::store {

struct DocumentText {
  std::string request;
  std::string reply;
  std::string work;
};

DocumentText document_text(const Exchange& exchange);

}  // namespace tacit::store
