// The text format of vector and halfvec, "[1,2.5,-3]".
//
//   vector = space* '[' space* number (space* ',' space* number)* space* ']' space*
//   space  = ' ' \t \n \v \f \r
//   number = what strtof reads: "+1", ".5", "5.", "0x10", "1e-46" (too small, becomes 0), and also
//            "nan" and "inf", which are then refused
//
// Nothing here allocates, throws or reports: errors are values, and whoever calls words the
// message.
#pragma once

#include <cstddef>
#include <cstdint>

#include "vector/decimals.hpp"

namespace vec {

enum class TextError : std::uint8_t {
  none,
  missing_bracket,      // the first character is not '['
  syntax,               // anything else that does not fit the grammar
  trailing_junk,        // characters after ']'
  no_dimensions,        // "[]"
  too_many_dimensions,  // another element after kMaxDimensions of them
  out_of_range,         // a number too large for the type
  not_a_number,         // "nan" in any spelling
  infinite,             // "inf" in any spelling
};

struct TextResult {
  TextError error;
  int count;           // elements read; on an error, those before it
  std::size_t offset;  // of the character or number in error; on success, the length of the text
  std::size_t length;  // of the number in error; 0 where no number is at fault
};

// REQUIRES: `text` ends with a NUL; `elements` has room for kMaxDimensions; LC_NUMERIC is "C", as
// it is in every PostgreSQL backend. Elements read before an error have been written.
//
// Out of range is what, rounded to float, is not below `too_large` without its sign.
TextResult parse_vector_text(const char* text, float too_large, float* elements);

// Prints one number without a NUL, at most kMaxNumberText bytes, and returns how many.
using PrintNumber = int (*)(float value, char* out);
inline constexpr std::size_t kMaxNumberText = 15;  // "-1.23456789e-38"

// Room that print_vector_text needs: number and separator for each element, brackets, NUL.
inline constexpr std::size_t max_vector_text(std::size_t count) {
  return count * (kMaxNumberText + 1) + 3;
}

// Prints `count` elements and a NUL; returns the length without the NUL. Numbers between 0.0001 and
// a million, the usual ones, are taken from `decimals`; `print_number` prints the others.
// REQUIRES: `out` has room for max_vector_text(count); all of it may be written.
std::size_t print_vector_text(const float* elements, std::size_t count, ShortestDecimals decimals,
                              PrintNumber print_number, char* out);

}  // namespace vec
