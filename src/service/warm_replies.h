#pragma once
// Answers of models over a restart: the most used ones go into the store when the service ends and
// come back when it starts. Never those of sensitive texts, nor one in which the redactor finds
// something. What is too old goes. A row that is not understood is left out.

#include "inference/engine.h"
#include "privacy/redactor.h"
#include "store/store.h"

namespace tacit::service {

// How many came back.
Result<std::size_t> warm_replies(inference::Engine& engine, const store::Store& store);
// How many are kept.
Result<std::size_t> keep_replies(const inference::Engine& engine, store::Store& store,
                                 const privacy::Redactor& redactor);

}  // namespace tacit::service
