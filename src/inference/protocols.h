#pragma once
// The protocols, one file each. A new one is a line here and in provider.cpp.

#include "inference/provider.h"

namespace tacit::inference {

const Provider& openai_protocol();
const Provider& anthropic_protocol();
const Provider& gemini_protocol();
const Provider& ollama_protocol();

}  // namespace tacit::inference
