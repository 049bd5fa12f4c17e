// The one place where the bodies of Asio and Beast are compiled; the other files of this module
// only declare.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
