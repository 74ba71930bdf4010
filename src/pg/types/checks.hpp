// Checks on user input that vector and halfvec share, and their messages.
//
// `type` is the type's name in messages. Each check returns true when all is well; otherwise it
// reports, and returns false only if the error was taken as a value by `context` (see compat.hpp).
// A null `context` always raises.
#pragma once

#include "compat.hpp"
#include "vector/text.hpp"

namespace vec::pg {

// 1 to kMaxDimensions.
bool check_dimensions(const char* type, int dimensions, Node* context = nullptr);

// The column's or cast's typmod, -1 for none.
bool check_typmod(int32 typmod, int dimensions, Node* context = nullptr);

// Neither NaN nor infinite.
bool check_elements(const char* type, const float* elements, int count);

// The result of parse_vector_text on `text`.
bool check_text(const char* type, const char* text, const TextResult& result, Node* context);

// Both operands of a distance.
void check_same_dimensions(const char* type, int a, int b);

// The typmod given as type modifiers, such as the 3 of vector(3).
int32 typmod_from_modifiers(const char* type, ArrayType* modifiers);

}  // namespace vec::pg
