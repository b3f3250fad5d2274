#pragma once

#include <cstdint>
#include <vector>

#include "transformer.h"

// Models and searches by number, for JavaScript. Each must be closed; a search keeps its model alive.
namespace onednn_backend {

// sizes: embed; then for the encoder and for the decoder vocab, positions, layers, heads, inner, and 0 or 1 for
// normalize_before, normalize_embedding and final_norm. precision: 0 float32, 1 bfloat16, 2 int8.
double open_transformer(const std::vector<int64_t>& sizes, double encoder_scale, double decoder_scale,
                        const WeightSource& weights, int64_t count, int64_t precision);
void close_transformer(int64_t transformer);

double open_decoding(int64_t transformer, const int32_t* ids, const int32_t* positions, const int32_t* starts,
                     int64_t rows, int64_t sentences, int64_t beam);
void close_decoding(int64_t decoding);
void select_rows(int64_t decoding, const int32_t* rows, int64_t count);
// rows, embed: the sizes of the arrays, which must match the search. embed is ignored without features.
void decoding_step(int64_t decoding, const int32_t* tokens, int64_t position, float* features, int64_t rows,
                   int64_t embed);
void decoding_top(int64_t decoding, const float* penalties, float temperature, float* table, int64_t rows,
                  int64_t classes, int64_t width);

}  // namespace onednn_backend
