import Basics

/// A moment as HTTP headers write it (RFC 9110): `Thu, 17 Nov 2005 18:49:58 GMT`.
enum HTTPDate {
  static func text(_ instant: Instant) -> String {
    let time = CivilTime(instant)
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return "\(days[time.weekday]), \(time.day.padded(2)) \(months[time.month - 1]) \(time.year.padded(4)) "
      + "\(time.hour.padded(2)):\(time.minute.padded(2)):\(time.second.padded(2)) GMT"
  }
}
