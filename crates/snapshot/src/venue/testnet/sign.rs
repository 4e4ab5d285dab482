//! Signatures as the venue checks them, for its network for tests alone.

use k256::ecdsa::SigningKey;
use sha3::{Digest as _, Keccak256};

use super::wire::Node;

const DOMAIN: &str =
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
const AGENT: &str = "Agent(string source,bytes32 connectionId)";
/// The chain that is signed for, whatever chain there is.
const CHAIN_ID: u16 = 1337;
/// The network for tests. The one where money is has another letter, which is nowhere here.
const SOURCE: &str = "b";

/// A key of an account at the network for tests. It does not print itself.
pub struct TestnetKey(SigningKey);

impl std::fmt::Debug for TestnetKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

fn keccak(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Keccak256::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

impl TestnetKey {
    /// Reads 64 hexadecimal digits, with `0x` before them or without. `None` if they are no key.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits = text.trim();
        let digits = digits.strip_prefix("0x").unwrap_or(digits);
        if digits.len() != 64 || !digits.is_ascii() {
            return None;
        }
        let pairs = digits.as_bytes().chunks_exact(2);
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Vec<u8> = pairs.map(byte).collect::<Option<_>>()?;
        SigningKey::from_slice(&bytes).ok().map(Self)
    }

    /// The address of the account, in small letters.
    #[must_use]
    pub fn address(&self) -> String {
        let point = self.0.verifying_key().to_encoded_point(false);
        let hash = keccak(&[point.as_bytes().get(1..).unwrap_or_default()]);
        format!("0x{}", hex(hash.get(12..).unwrap_or_default()))
    }

    /// An action with its signature, as the venue takes it.
    pub(super) fn signed(&self, action: &Node, nonce_ms: u64) -> Result<String, String> {
        let mut packed = Vec::new();
        action.pack(&mut packed).ok_or("the action is too long")?;
        // The last byte says that no vault is meant.
        let action_hash = keccak(&[&packed, &nonce_ms.to_be_bytes(), &[0]]);
        let agent =
            keccak(&[&keccak(&[AGENT.as_bytes()]), &keccak(&[SOURCE.as_bytes()]), &action_hash]);
        let digest = keccak(&[b"\x19\x01", &domain(), &agent]);
        let (signature, recovery) =
            self.0.sign_prehash_recoverable(&digest).map_err(|error| error.to_string())?;
        let (r, s) = signature.split_bytes();
        Ok(format!(
            "{{\"action\":{},\"nonce\":{nonce_ms},\"signature\":{{\"r\":\"0x{}\",\"s\":\"0x{}\",\"v\":{}}},\"vaultAddress\":null}}",
            action.json(),
            hex(&r),
            hex(&s),
            27 + recovery.to_byte(),
        ))
    }
}

fn domain() -> [u8; 32] {
    let mut chain = [0; 32];
    if let Some(end) = chain.last_chunk_mut() {
        *end = CHAIN_ID.to_be_bytes();
    }
    keccak(&[
        &keccak(&[DOMAIN.as_bytes()]),
        &keccak(&[b"Exchange"]),
        &keccak(&[b"1"]),
        &chain,
        &[0; 32],
    ])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
