# Install rules: headers, one exported target file per component, the package configuration, pkg-config files.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(synthmed_cmake_dir "${CMAKE_INSTALL_LIBDIR}/cmake/synthmed")
install(DIRECTORY include/synthmed DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")

# Every component that this configuration has, each with an export file of its own: a consumer loads what it asks for,
# and needs only what that needs.
get_property(synthmed_targets GLOBAL PROPERTY synthmed_targets)
foreach(target IN LISTS synthmed_targets)
  get_target_property(component ${target} EXPORT_NAME)
  install(TARGETS ${target} EXPORT synthmed-${component})
  install(EXPORT synthmed-${component} NAMESPACE synthmed:: DESTINATION "${synthmed_cmake_dir}"
          FILE synthmed-${component}-targets.cmake)
  if(EXISTS "${PROJECT_SOURCE_DIR}/backends/${component}/include")
    install(DIRECTORY backends/${component}/include/ DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
  endif()
endforeach()

configure_package_config_file(cmake/synthmed-config.cmake.in synthmed-config.cmake
                              INSTALL_DESTINATION "${synthmed_cmake_dir}")
write_basic_package_version_file(synthmed-config-version.cmake COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/synthmed-config.cmake"
              "${CMAKE_CURRENT_BINARY_DIR}/synthmed-config-version.cmake"
        DESTINATION "${synthmed_cmake_dir}")
install(FILES LICENSE THIRD_PARTY.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")

# pkg-config: synthmed.pc for the headers, and one file per backend whose libraries have no .pc file of their own.
# synthmed_pkg_config(NAME "description" "requires" "libs" "cflags")
function(synthmed_pkg_config name description requires libs cflags)
  set(pc_name "${name}")
  set(pc_description "${description}")
  set(pc_requires "${requires}")
  set(pc_libs "${libs}")
  set(pc_cflags "${cflags}")
  configure_file("${PROJECT_SOURCE_DIR}/cmake/synthmed.pc.in" "${PROJECT_BINARY_DIR}/${name}.pc" @ONLY)
  install(FILES "${PROJECT_BINARY_DIR}/${name}.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
endfunction()

set(openmp "")
if(TARGET OpenMP::OpenMP_CXX)
  set(openmp " -fopenmp")
endif()
synthmed_pkg_config(synthmed "Synthetic-medical-image studies: headers" ""
                    "${openmp}" "-std=c++20 -DBOOST_HANA_CONFIG_ENABLE_STRING_UDL${openmp}")
synthmed_pkg_config(synthmed-reference "synthmed: reference backend" "synthmed" "" "")
if(TARGET synthmed_xtensor)
  get_target_property(definitions synthmed_xtensor INTERFACE_COMPILE_DEFINITIONS)
  list(JOIN definitions " -D" definitions)
  if(definitions MATCHES "ONEDNN=1")
    set(libraries "-ldnnl")
  else()
    set(libraries "-lopenblas")
  endif()
  synthmed_pkg_config(synthmed-xtensor "synthmed: xtensor backend" "synthmed xtensor xsimd" "${libraries}" "-D${definitions}")
endif()
