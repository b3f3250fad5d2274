#pragma once

namespace mpi_addon {

/** The kinds of messages. */
enum Tag { kArrivalTag = 1, kAnswerTag, kDataTag, kNoticeTag };

}  // namespace mpi_addon
