// Checks on user input that vector and halfvec share, and their messages.
//
// `type` is the type's name in messages. Each check returns true when all is well; otherwise it
// reports, and returns false only if the error was taken as a value by `context` (see compat.hpp).
// A null `context` always raises.
#pragma once

#include "types/element.hpp"
#include "vector/text.hpp"

namespace vec::pg {

// 1 to kMaxDimensions.
bool check_dimensions(const char* type, int dimensions, Node* context = nullptr);

// What the typmod of a column or cast, or the rows before this one, ask for; -1 for anything.
bool check_expected_dimensions(int32 expected, int dimensions, Node* context = nullptr);

// Both operands of a distance.
void check_same_dimensions(const char* type, int a, int b);

// Rounds numbers to elements, none of which may be NaN or infinite.
template <class Type>
void store_checked(const float* numbers, int count, typename Type::Element* elements);

// Elements from outside: neither NaN nor infinite.
template <class Type>
void check_elements(const typename Type::Element* elements, int count);

// Reports what parse_vector_text found wrong with `text`.
bool check_text(const char* type, const char* text, const TextResult& result, Node* context);

// Reports a number in a text, which is `length` bytes long, as too large for the type.
bool refuse_out_of_range(const char* type, const char* number, Size length, Node* context);

// The typmod given as type modifiers, such as the 3 of vector(3).
int32 typmod_from_modifiers(const char* type, ArrayType* modifiers);

}  // namespace vec::pg
