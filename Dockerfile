# nst grade in a container, for teachers on macOS and Windows: see "In a container" in docs/grading.md.
# Nobody has built it yet: nst grade tries its jail first, and grades nothing where that does not hold.
FROM python:3.11-slim

# Where pip finds a PyTorch without GPU libraries (see the README); empty takes the standard one, 5 GB
ARG TORCH_INDEX=""

WORKDIR /course
COPY pyproject.toml course.toml constraints.txt README.md LICENSE ./
COPY nstlib nstlib
RUN if [ -n "$TORCH_INDEX" ]; then \
      python -m pip install --no-cache-dir --no-deps --index-url "$TORCH_INDEX" $(grep -E '^torch(vision)?==' constraints.txt); \
    fi \
    && python -m pip install --no-cache-dir --constraint constraints.txt .

RUN useradd --create-home teacher
USER teacher
WORKDIR /class
ENTRYPOINT ["nst"]
CMD ["--help"]
