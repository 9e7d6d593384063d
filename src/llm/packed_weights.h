// Offers llm/packed_matmul to ggml as a type of buffer of its CPU device, the way ggml's own repacking and AMX do:
// weights in a format that it multiplies faster are packed while a model loads, the others stay with ggml.
#pragma once

namespace yanxing::llm {

// For every model that is loaded afterwards; before the first one. Again, or where the CPU cannot: nothing happens.
// Thread-safe.
void offer_packed_weights();

} // namespace yanxing::llm
