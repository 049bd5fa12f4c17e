#pragma once
// The lines of a batch before it is sent: each judged, masked and priced, or refused with the
// reason. Private to service. Pure but for the judging, which runs on all cores.

#include <optional>
#include <string>
#include <vector>

#include "service/batch_service.h"

namespace tacit::service {

// One line on its way into a batch.
struct BatchDraft {
  const BatchItem* item = nullptr;
  std::optional<Error> refused;
  JudgedRequest judged;
  HoldRequest wanted;
};

// In the order of their lines. invalid_input when the batch as a whole is none.
Result<std::vector<BatchDraft>> draft_batch(const std::vector<BatchItem>& items,
                                            const std::string& id, const inference::Route& route,
                                            const BatchService::Parts& parts);

}  // namespace tacit::service
