# SUNDIALS, the last method of the equation engine for members whose own methods give up. Nothing needs
# it: AUTO takes it where it is installed in the version that src/kinds/equations/lane_sundials.c is
# written for, ON fails without it, OFF leaves it out.
set(GEMEL_SUNDIALS AUTO CACHE STRING "CVODE and IDA of SUNDIALS as a fallback: AUTO, ON or OFF")
set_property(CACHE GEMEL_SUNDIALS PROPERTY STRINGS AUTO ON OFF)
set(GEMEL_SUNDIALS_THERE FALSE)
if(GEMEL_SUNDIALS)
  find_path(SUNDIALS_INCLUDE sundials/sundials_config.h)
  find_library(SUNDIALS_CVODE sundials_cvode)
  find_library(SUNDIALS_IDA sundials_ida)
  find_library(SUNDIALS_NVECTOR sundials_nvecserial)
  set(gemel_sundials_version "none")
  if(EXISTS "${SUNDIALS_INCLUDE}/sundials/sundials_config.h" AND SUNDIALS_CVODE
      AND SUNDIALS_IDA AND SUNDIALS_NVECTOR)
    file(STRINGS ${SUNDIALS_INCLUDE}/sundials/sundials_config.h gemel_sundials_config
      REGEX "^#define SUNDIALS_(VERSION |DOUBLE_PRECISION)")
    if(gemel_sundials_config MATCHES "VERSION \"([0-9.]+)")
      set(gemel_sundials_version ${CMAKE_MATCH_1})
    endif()
    if(gemel_sundials_version MATCHES "^6\\." AND gemel_sundials_config MATCHES "DOUBLE_PRECISION")
      set(GEMEL_SUNDIALS_THERE TRUE)
    endif()
  endif()
  if(GEMEL_SUNDIALS_THERE)
    message(STATUS "SUNDIALS ${gemel_sundials_version}: fallback of the equation engine")
  elseif(GEMEL_SUNDIALS STREQUAL "AUTO")
    message(STATUS "SUNDIALS 6 not found (seen: ${gemel_sundials_version}): no fallback")
  else()
    message(FATAL_ERROR "GEMEL_SUNDIALS=${GEMEL_SUNDIALS}, but SUNDIALS 6 in double precision was "
      "not found (seen: ${gemel_sundials_version}); install libsundials-dev or configure with OFF")
  endif()
endif()
