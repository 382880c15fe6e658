import Basics
import Testing

@Suite struct MailboxTests {
  @Test("messages of many threads arrive once each, in each sender's order")
  func threads() {
    let mailbox = Mailbox<[Int]>()
    let senders = (0..<4).map { sender in
      startThread(name: "sender") {
        for number in 0..<500 { mailbox.post([sender, number]) }
      }
    }
    var received: [[Int]] = []
    while received.count < 2000, let batch = mailbox.takeAll() { received += batch }
    for sender in senders { sender.join() }
    for sender in 0..<4 { #expect(received.filter { $0[0] == sender }.map { $0[1] } == Array(0..<500)) }
    #expect(mailbox.count == 0)
  }

  @Test("a passed deadline gives nothing, what is there comes at once")
  func deadline() {
    let mailbox = Mailbox<Int>()
    #expect(mailbox.takeAll(deadline: Instant(milliseconds: 0)) == [])
    #expect(mailbox.takeAll(deadline: Instant(milliseconds: -5)) == [])
    #expect(mailbox.takeAll(deadline: SystemClock.steady() + TimeSpan(milliseconds: 5)) == [])
    mailbox.post(1)
    mailbox.post(2)
    #expect(mailbox.count == 2)
    #expect(mailbox.takeAll(deadline: Instant(milliseconds: 0)) == [1, 2])
  }

  @Test("closing wakes the taker, lets the rest be taken and refuses more")
  func closing() {
    let mailbox = Mailbox<Int>()
    let results = Mailbox<Bool>()
    let taker = startThread(name: "a name longer than fifteen bytes") { results.post(mailbox.takeAll() == nil) }
    mailbox.close()
    taker.join()
    #expect(results.takeAll() == [true])
    let other = Mailbox<Int>()
    other.post(1)
    other.close()
    #expect(!other.post(2))
    #expect(other.takeAll() == [1])
    #expect(other.takeAll() == nil)
    #expect(other.takeAll(deadline: Instant(milliseconds: 0)) == nil)
  }

  @Test("the clocks run forward")
  func clocks() {
    let start = SystemClock.monotonicNanoseconds()
    #expect(SystemClock.monotonicNanoseconds() >= start)
    let steady = SystemClock.steady()
    #expect(SystemClock.steady() >= steady)
    #expect(SystemClock.now() > Instant(seconds: 1_700_000_000))
  }
}
