#pragma once
// Observations out of one exchange without a model: error → cause → fix, decisions with a reason,
// conventions and corrections by the developer. Pure: no I/O, no clock. Every observation has exact
// spans into the exchange's steps and a statement that stands alone. docs/learning.md describes the
// rules. Transcript text is data: nothing in it is obeyed. Host preambles, other memories'
// injections and Tacit's own marks are never learned from.

#include <vector>

#include "domain/identity.h"
#include "domain/knowledge.h"
#include "domain/session.h"

namespace tacit::learn {

inline constexpr std::size_t kMaxObservationsPerExchange = 5;
inline constexpr std::size_t kMaxStatementBytes = 600;

// `previous` is the exchange before in the session, when known: corrections speak of it.
std::vector<Observation> extract(const Exchange& exchange, const Exchange* previous,
                                 const IdentityKey& key);

// At most 80 characters for lists.
std::string title_of(const Observation& observation);

}  // namespace tacit::learn
