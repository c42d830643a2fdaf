# The library's own targets; the backends add theirs in backends/*/CMakeLists.txt.
# Interface targets carry usage requirements only: no warnings, no -march, no build type.

# synthmed_interface(NAME libraries...): an installed interface target synthmed_NAME, alias synthmed::NAME.
function(synthmed_interface name)
  add_library(synthmed_${name} INTERFACE)
  add_library(synthmed::${name} ALIAS synthmed_${name})
  set_target_properties(synthmed_${name} PROPERTIES EXPORT_NAME ${name})
  target_link_libraries(synthmed_${name} INTERFACE ${ARGN})
  set_property(GLOBAL APPEND PROPERTY synthmed_targets synthmed_${name})
endfunction()

synthmed_interface(synthmed Boost::headers)
target_compile_features(synthmed_synthmed INTERFACE cxx_std_20)
target_compile_definitions(synthmed_synthmed INTERFACE BOOST_HANA_CONFIG_ENABLE_STRING_UDL)
target_include_directories(synthmed_synthmed INTERFACE
  "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>" "$<INSTALL_INTERFACE:include>")
if(TARGET OpenMP::OpenMP_CXX)
  target_link_libraries(synthmed_synthmed INTERFACE "$<$<CXX_COMPILER_ID:GNU>:OpenMP::OpenMP_CXX>")
endif()

synthmed_interface(testing synthmed::synthmed)

if(SYNTHMED_HAS_IO)
  synthmed_interface(io synthmed::synthmed nlohmann_json::nlohmann_json ZLIB::ZLIB)
endif()
if(SYNTHMED_HAS_LAPACK)
  synthmed_interface(lapack synthmed::synthmed ${SYNTHMED_LAPACKE_LIBRARY} LAPACK::LAPACK)
  target_include_directories(synthmed_lapack SYSTEM INTERFACE ${SYNTHMED_LAPACKE_INCLUDE})
endif()
if(SYNTHMED_HAS_OPENCV)
  synthmed_interface(opencv synthmed::synthmed ${OpenCV_LIBS})
  target_include_directories(synthmed_opencv SYSTEM INTERFACE ${OpenCV_INCLUDE_DIRS})
endif()
if(SYNTHMED_HAS_HASH)
  synthmed_interface(hash synthmed::synthmed OpenSSL::Crypto)
endif()
# Reading pictures of every format that data sets come in: OpenCV's, with libjpeg's word on JPEGs, and GIF where giflib is there.
if(SYNTHMED_HAS_OPENCV AND SYNTHMED_HAS_JPEG)
  synthmed_interface(imaging synthmed::opencv JPEG::JPEG $<$<BOOL:${SYNTHMED_HAS_GIF}>:GIF::GIF>)
  target_compile_definitions(synthmed_imaging INTERFACE $<$<BOOL:${SYNTHMED_HAS_GIF}>:SYNTHMED_WITH_GIF>)
endif()

# What our own programs are compiled with: the full warning set, and this machine's instruction set when asked.
# -Wrestrict is off for g++ 12, which sees overlaps in std::string's own operator+ (GCC bug 105651).
add_library(synthmed_program INTERFACE)
target_compile_options(synthmed_program INTERFACE $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>>:-Wno-restrict> -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow
  $<$<BOOL:${SYNTHMED_WARNINGS_AS_ERRORS}>:-Werror> $<$<BOOL:${SYNTHMED_NATIVE}>:-march=native>)
