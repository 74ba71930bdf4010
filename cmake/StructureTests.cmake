# Rules of the design, checked on sources and built objects. Each test is a script of the same name in
# test/structure; included by Tests.cmake.
function(add_structure_test name)
  add_test(NAME ${name} COMMAND "${PROJECT_SOURCE_DIR}/test/structure/${name}" ${ARGN} COMMAND_EXPAND_LISTS)
endfunction()

add_structure_test(version_is_in_one_place "${PROJECT_SOURCE_DIR}")
add_structure_test(meta_json_is_valid_for_pgxn "${PROJECT_SOURCE_DIR}")
add_structure_test(dist_has_what_is_committed "${PROJECT_SOURCE_DIR}" "${PROJECT_VERSION}")
set_tests_properties(dist_has_what_is_committed PROPERTIES SKIP_RETURN_CODE 77)
# A sanitized core needs the sanitizer's library, and one object has nothing to share.
if(NOT VECTOR_SANITIZE)
  add_structure_test(core_is_postgres_free "${PROJECT_SOURCE_DIR}" "${CMAKE_C_COMPILER}" $<TARGET_FILE:vector_core>)
  list(LENGTH kernel_objects kernel_count)
  if(kernel_count GREATER 1)
    add_structure_test(kernels_share_no_weak_symbols ${kernel_objects})
  endif()
endif()
if(VECTOR_MODULE)
  if(VECTOR_SHIM_IS_EVIDENCE)
    add_structure_test(module_has_nothing_to_unwind $<TARGET_FILE:vector> $<TARGET_OBJECTS:vector_shim>)
  endif()
  add_structure_test(module_exports_are_listed $<TARGET_FILE:vector> "${PROJECT_SOURCE_DIR}/src/pg/exports.list"
                     "${PROJECT_SOURCE_DIR}/sql")
  add_structure_test(module_needs_no_libstdcxx $<TARGET_FILE:vector>)
  add_structure_test(sql_scripts_start_with_guard "${PROJECT_SOURCE_DIR}/sql")
  add_structure_test(installed_files_carry_the_version "${PROJECT_BINARY_DIR}" "${PROJECT_VERSION}")
endif()
