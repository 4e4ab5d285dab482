//! Random histories against a model: a list of what was committed and how much is acknowledged.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Act {
    Append(usize),
    Commit,
    Discard,
    Read(usize),
    /// Acknowledges this share, in 256ths, of what was read.
    Ack(usize),
    Rewind,
    Reopen,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => prop_oneof![0..40_usize, 0..700_usize].prop_map(Act::Append),
        5 => Just(Act::Commit),
        1 => Just(Act::Discard),
        5 => (0..20_usize).prop_map(Act::Read),
        3 => (0..=256_usize).prop_map(Act::Ack),
        1 => Just(Act::Rewind),
        1 => Just(Act::Reopen),
    ]
}

/// What must come out of the spool.
#[derive(Default)]
struct Model {
    committed: Vec<Vec<u8>>,
    buffered: Vec<Vec<u8>>,
    /// How many of the committed blocks are acknowledged, and how many were delivered.
    acked: usize,
    read: usize,
    /// Ends of the delivered blocks that are not acknowledged.
    ends: Vec<Position>,
    counter: usize,
}

impl Model {
    fn append(&mut self, writer: &mut Writer, len: usize) {
        self.counter += 1;
        let mut payload = self.counter.to_le_bytes().to_vec();
        payload.resize(8 + len, u8::try_from(self.counter % 251).unwrap());
        writer.append(3, &payload).unwrap();
        self.buffered.push(payload);
    }

    fn read(&mut self, reader: &mut Reader, count: usize) {
        for _ in 0..count {
            let Some(block) = reader.next().unwrap() else {
                assert_eq!(self.read, self.committed.len(), "blocks are missing");
                return;
            };
            if block.context {
                continue;
            }
            assert_eq!((block.kind, block.payload), (3, &self.committed[self.read][..]));
            self.read += 1;
            self.ends.push(block.position);
        }
    }

    fn ack(&mut self, reader: &mut Reader, share: usize) {
        let count = self.ends.len() * share / 256;
        if let Some(index) = count.checked_sub(1) {
            reader.ack(self.ends[index]).unwrap();
            self.ends.drain(..count);
            self.acked += count;
        }
    }

    fn back_to_cursor(&mut self) {
        self.read = self.acked;
        self.ends.clear();
    }
}

fn run(acts: &[Act], sync: SyncPolicy) {
    let dir = quick_dir();
    let options = SpoolOptions { sync, ..options(dir.path()) };
    let mut model = Model::default();
    let (mut writer, mut reader) = open(&options, "model").unwrap();
    for act in acts {
        match act {
            Act::Append(len) => model.append(&mut writer, *len),
            Act::Commit => {
                commit(&mut writer).unwrap();
                model.committed.append(&mut model.buffered);
            }
            Act::Discard => {
                writer.discard();
                model.buffered.clear();
            }
            Act::Read(count) => model.read(&mut reader, *count),
            Act::Ack(share) => model.ack(&mut reader, *share),
            Act::Rewind => {
                reader.rewind();
                model.back_to_cursor();
            }
            Act::Reopen => {
                drop((writer, reader));
                (writer, reader) = open(&options, "model").unwrap();
                model.buffered.clear();
                model.back_to_cursor();
            }
        }
        assert!(clean(reader.recovery()), "{:?}", reader.recovery());
    }
    model.read(&mut reader, usize::MAX);
    model.ack(&mut reader, 256);
    assert_eq!(writer.used_bytes(), 0, "bytes are left though all is acknowledged");
    assert!(segments(dir.path()).len() <= 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_history_delivers_what_was_committed_and_not_acknowledged(
        acts in proptest::collection::vec(act(), 1..150),
        each in any::<bool>(),
    ) {
        run(&acts, if each { SyncPolicy::EachCommit } else { SyncPolicy::Never });
    }
}
