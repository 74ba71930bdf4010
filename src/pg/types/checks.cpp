// Checks on user input that vector and halfvec share.
#include "types/checks.hpp"

#include <cmath>

#include "vector/limits.hpp"

namespace vec::pg {

bool check_dimensions(const char* type, int dimensions, Node* context) {
  if (dimensions < 1) {
    VECTOR_SOFT_ERROR(
        context, false,
        (errcode(ERRCODE_DATA_EXCEPTION), errmsg("%s must have at least 1 dimension", type)));
  }
  if (dimensions > kMaxDimensions) {
    VECTOR_SOFT_ERROR(context, false,
                      (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                       errmsg("%s cannot have more than %d dimensions", type, kMaxDimensions)));
  }
  return true;
}

bool check_expected_dimensions(int32 expected, int dimensions, Node* context) {
  if (expected != -1 && expected != dimensions) {
    VECTOR_SOFT_ERROR(context, false,
                      (errcode(ERRCODE_DATA_EXCEPTION),
                       errmsg("expected %d dimensions, not %d", expected, dimensions)));
  }
  return true;
}

namespace {

bool refuse_nan(const char* type, Node* context) {
  VECTOR_SOFT_ERROR(context, false,
                    (errcode(ERRCODE_DATA_EXCEPTION), errmsg("NaN not allowed in %s", type)));
}

bool refuse_infinity(const char* type, Node* context) {
  VECTOR_SOFT_ERROR(
      context, false,
      (errcode(ERRCODE_DATA_EXCEPTION), errmsg("infinite value not allowed in %s", type)));
}

}  // namespace

bool refuse_out_of_range(const char* type, const char* number, Size length, Node* context) {
  VECTOR_SOFT_ERROR(context, false,
                    (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                     errmsg("\"%s\" is out of range for type %s", pnstrdup(number, length), type)));
}

template <class Type>
void check_elements(const typename Type::Element* elements, int count) {
  for (int i = 0; i < count; ++i) {
    if (Type::is_finite(elements[i])) continue;
    if (std::isnan(Type::load(elements[i]))) {
      refuse_nan(Type::name, nullptr);
    } else {
      refuse_infinity(Type::name, nullptr);
    }
  }
}

template <class Type>
void store_checked(const float* numbers, int count, typename Type::Element* elements) {
  Type::store(numbers, static_cast<Size>(count), elements);
  for (int i = 0; i < count; ++i) {
    if (std::isfinite(numbers[i]) && !Type::is_finite(elements[i])) {
      char* number = float_to_shortest_decimal(numbers[i]);
      refuse_out_of_range(Type::name, number, std::strlen(number), nullptr);
    }
    check_elements<Type>(elements + i, 1);
  }
}

template void check_elements<VectorType>(const float*, int);
template void check_elements<HalfvecType>(const Half*, int);
template void store_checked<VectorType>(const float*, int, float*);
template void store_checked<HalfvecType>(const float*, int, Half*);

bool check_text(const char* type, const char* text, const TextResult& result, Node* context) {
  switch (result.error) {
    case TextError::none:
      return true;
    case TextError::missing_bracket:
      VECTOR_SOFT_ERROR(context, false,
                        (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
                         errmsg("invalid input syntax for type %s: \"%s\"", type, text),
                         errdetail("Vector contents must start with \"[\".")));
    case TextError::trailing_junk:
      // pgvector's words, though the character is a bracket.
      VECTOR_SOFT_ERROR(context, false,
                        (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
                         errmsg("invalid input syntax for type %s: \"%s\"", type, text),
                         errdetail("Junk after closing right brace.")));
    case TextError::no_dimensions:
      return check_dimensions(type, 0, context);
    case TextError::too_many_dimensions:
      return check_dimensions(type, kMaxDimensions + 1, context);
    case TextError::out_of_range:
      return refuse_out_of_range(type, text + result.offset, result.length, context);
    case TextError::not_a_number:
      return refuse_nan(type, context);
    case TextError::infinite:
      return refuse_infinity(type, context);
    case TextError::syntax:
      break;
  }
  VECTOR_SOFT_ERROR(context, false,
                    (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
                     errmsg("invalid input syntax for type %s: \"%s\"", type, text)));
}

void check_same_dimensions(const char* type, int a, int b) {
  if (a != b) {
    ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION),
                    errmsg("different %s dimensions %d and %d", type, a, b)));
  }
}

int32 typmod_from_modifiers(const char* type, ArrayType* modifiers) {
  int count = 0;
  const int32* values = ArrayGetIntegerTypmods(modifiers, &count);
  if (count != 1) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid type modifier")));
  }
  if (values[0] < 1) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("dimensions for type %s must be at least 1", type)));
  }
  if (values[0] > kMaxDimensions) {
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("dimensions for type %s cannot exceed %d", type, kMaxDimensions)));
  }
  return values[0];
}

}  // namespace vec::pg
