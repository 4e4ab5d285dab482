"""What a Python program pays that sends one line per event by blocking TCP, to a reader on loopback."""
import socket
import threading
import time

server = socket.create_server(("127.0.0.1", 0))


def read():
    connection, _ = server.accept()
    while connection.recv(1 << 20):
        pass


threading.Thread(target=read, daemon=True).start()
client = socket.create_connection(server.getsockname())
times = []
for n in range(100_000):
    begun = time.perf_counter_ns()
    line = f"trading_pnl,strategy_id=ema,instrument_id=BTC realized_pnl={n}.0,unrealized_pnl=2.0 {time.time_ns()}\n"
    client.sendall(line.encode())
    times.append(time.perf_counter_ns() - begun)
times.sort()
print(f"p50 {times[50_000]} ns, mean {sum(times) / len(times):.0f} ns, p99 {times[99_000]} ns")
